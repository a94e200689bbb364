// Runs the event loops of a program, one thread each, until a signal asks for the end.
#pragma once

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <csignal>
#include <functional>
#include <thread>
#include <vector>

namespace baton::programs {

// `loops` have run() and a thread-safe drain(). SIGTERM and SIGINT drain them; a second one ends the process.
template <class Loops>
void run_until_signal(Loops& loops) {
  asio::io_context context(1);
  asio::signal_set signals(context, SIGTERM, SIGINT);
  signals.async_wait([&](const std::error_code& error, int /*signal*/) {
    if (error) return;
    for (auto& loop : loops) loop->drain();
    signals.async_wait([](const std::error_code& again, int /*signal*/) {
      if (!again) std::_Exit(1);
    });
  });
  std::vector<std::thread> threads;
  threads.reserve(loops.size());
  for (auto& loop : loops) {
    threads.emplace_back([&loop] { loop->run(); });
  }
  std::thread waiter([&context] { context.run(); });
  for (std::thread& thread : threads) thread.join();
  context.stop();
  waiter.join();
}

}  // namespace baton::programs
