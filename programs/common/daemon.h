// What the daemons have in common: how they start, and how they run their event loops until a signal asks for
// the end.
#pragma once

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <csignal>
#include <iostream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/command_line.h"
#include "common/log.h"
#include "common/startup.h"

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

// The exit code for an error that ends the program, after telling it.
inline int report(const Error& error) {
  std::cerr << error.message << '\n';
  return static_cast<int>(ExitCode::configuration_error);
}

// What is no error and can hardly be meant, a line each.
template <class Files>
std::string warnings_of(const Files& files) {
  if constexpr (requires { files.warnings; }) {
    return files.warnings.text();
  } else {
    return {};
  }
}

// What every daemon does around its work: prepares the process, reads the command line and the configuration,
// checks the files that it names, and starts the log. `serve(config, files)` does the work and gives the exit
// code.
template <class ReadConfig, class LoadFiles, class Serve>
int run_daemon(int argc, char** argv, const ProgramText& text, ReadConfig read_config, LoadFiles load_files,
               Serve serve) {
  if (auto prepared = prepare_process(); !prepared) return report(prepared.error());
  const auto command_line = read_command_line(text, argc, argv, std::cout, std::cerr);
  if (!command_line) return static_cast<int>(command_line.error());
  auto config = read_config(command_line->config);
  if (!config) return report(config.error());
  if (auto ready = prepare_cryptography(config->fips); !ready) {
    return report({ready.error().code, config->file.string() + ": " + ready.error().message});
  }
  auto files = load_files(*config);
  if (!files) return report(files.error());
  const std::string warnings = warnings_of(*files);
  if (!warnings.empty()) std::cerr << warnings << '\n';
  if (command_line->check) {
    std::cout << config->file.string() << ": OK\n";
    return static_cast<int>(ExitCode::ok);
  }
  if (auto started = start_log(config->log, std::string(text.name)); !started) return report(started.error());
  return serve(*config, std::move(*files));
}

}  // namespace baton::programs
