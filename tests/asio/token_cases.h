// Every way to be told of the end of an operation, and to end it early.
#pragma once

#include <thread>

#include "flavour.h"

namespace baton::test::BATON_ASIO_FLAVOUR {

BATON_ASIO_TEST(Futures) {
  net::io_context io;
  auto work = net::make_work_guard(io);
  std::thread thread([&] { io.run(); });
  SocketPair sockets(io);
  Stream server(std::move(sockets.ours), our_config(Role::server));
  Stream client(std::move(sockets.theirs), our_config(Role::client));
  auto accepted = server.async_handshake(net::use_future);
  client.async_handshake(net::use_future).get();
  accepted.get();
  EXPECT_EQ(client.async_write_some(net::buffer("hello", 5), net::use_future).get(), 5U);
  std::string text(5, '\0');
  EXPECT_EQ(server.async_read_some(net::buffer(text), net::use_future).get(), 5U);
  EXPECT_EQ(text, "hello");
  client.async_shutdown(net::use_future).get();
  auto end = server.async_read_some(net::buffer(text), net::use_future);
  EXPECT_THROW(end.get(), baton::asio::system_error);
  work.reset();
  thread.join();
}

// The calls that wait, with a thread for each end.
BATON_ASIO_TEST(CallsThatWait) {
  net::io_context io;
  SocketPair sockets(io);
  Stream server(std::move(sockets.ours), our_config(Role::server));
  Stream client(std::move(sockets.theirs), our_config(Role::client));
  const std::string bytes(1'000'000, 'b');
  std::thread thread([&] {
    client.handshake();
    net::write(client, net::buffer(bytes));
    client.shutdown();
  });
  server.handshake();
  std::string received;
  error_code ec;
  net::read(server, net::dynamic_buffer(received), ec);
  thread.join();
  EXPECT_EQ(ec, net::error::eof);
  EXPECT_TRUE(received == bytes);
}

// Counts what is allocated with it.
template <class T>
struct CountingAllocator {
  using value_type = T;

  explicit CountingAllocator(int* counter) : count(counter) {}
  template <class U>
  explicit CountingAllocator(const CountingAllocator<U>& other) : count(other.count) {}
  T* allocate(std::size_t size) {
    ++*count;
    return std::allocator<T>().allocate(size);
  }
  void deallocate(T* memory, std::size_t size) { std::allocator<T>().deallocate(memory, size); }
  friend bool operator==(const CountingAllocator&, const CountingAllocator&) = default;

  int* count;
};

// A handler that can only be moved, with an executor and an allocator of its own.
struct BoundHandler {
  using executor_type = net::strand<net::io_context::executor_type>;
  using allocator_type = CountingAllocator<void>;

  executor_type get_executor() const { return executor; }
  allocator_type get_allocator() const { return allocator_type(allocations); }
  void operator()(error_code ec, std::size_t size = 0) {
    EXPECT_FALSE(ec) << ec.message();
    EXPECT_TRUE(executor.running_in_this_thread());
    *count += size;
    ++*calls;
  }

  executor_type executor;
  int* allocations;
  std::unique_ptr<int> moved_only;
  std::size_t* count;
  int* calls;
};

BATON_ASIO_TEST(HandlersKeepTheirExecutorAndAllocator) {
  net::io_context io;
  SocketPair sockets(io);
  Stream server(std::move(sockets.ours), our_config(Role::server));
  Stream client(std::move(sockets.theirs), our_config(Role::client));
  int allocations = 0;
  int calls = 0;
  std::size_t count = 0;
  std::string text(5, '\0');
  const auto strand = net::make_strand(io);
  const auto handler = [&] { return BoundHandler{strand, &allocations, nullptr, &count, &calls}; };
  const auto run_all = [&] {
    io.restart();
    io.run();
  };
  server.async_handshake(handler());
  client.async_handshake(handler());
  run_all();
  server.async_read_some(net::buffer(text), handler());
  client.async_write_some(net::buffer("hello", 5), handler());
  run_all();
  client.async_flush(handler());
  client.async_read_some(net::mutable_buffer(), handler());
  run_all();
  EXPECT_EQ(calls, 6);
  EXPECT_EQ(count, 10U);
  EXPECT_GT(allocations, 4);
}

#if BATON_ASIO_CANCELS_OPERATIONS

BATON_ASIO_TEST(ACancelledReadLosesNothing) {
  Established pair;
  net::cancellation_signal signal;
  std::string text(5, '\0');
  Outcome outcome;
  for (const auto type : {net::cancellation_type::total, net::cancellation_type::terminal}) {
    pair.ours.async_read_some(
        net::buffer(text), net::bind_cancellation_slot(signal.slot(), [&](error_code ec, std::size_t count) {
          outcome = {ec, count};
        }));
    signal.emit(type);
    pair.io.restart();
    pair.io.run();
    EXPECT_EQ(outcome.ec, net::error::operation_aborted);
    expect_alive(pair.io, pair.ours, pair.theirs);
  }
}

BATON_ASIO_TEST(OneOperationIsCancelledAndTheOtherGoesOn) {
  Established pair;
  net::cancellation_signal signal;
  const std::string bytes(std::size_t{64} * 1024, 'b');
  std::string text(5, '\0');
  Outcome read;
  Outcome written;
  pair.ours.async_read_some(net::buffer(text), [&](error_code ec, std::size_t count) { read = {ec, count}; });
  std::size_t sealed = 0;
  bool ended = true;  // the last one ends below
  for (; std::exchange(ended, false); pair.io.poll(), sealed += ended ? written.count : 0) {
    pair.ours.async_write_some(
        net::buffer(bytes), net::bind_cancellation_slot(signal.slot(), [&](error_code ec, std::size_t count) {
          written = {ec, count};
          ended = true;
        }));
    pair.io.restart();
  }
  signal.emit(net::cancellation_type::partial);
  net::write(pair.theirs, net::buffer("hello", 5));
  pair.io.restart();
  pair.io.run();
  EXPECT_EQ(written.ec, net::error::operation_aborted);
  EXPECT_EQ(written.count, bytes.size()) << "sealed already";
  EXPECT_FALSE(read.ec) << read.ec.message();
  EXPECT_EQ(text, "hello");
  run(pair.io, pair.ours.async_flush(net::use_awaitable), [&]() -> Task<> {
    for (std::size_t got = 0; got < sealed + bytes.size(); got += bytes.size()) {
      EXPECT_TRUE(co_await read_text(pair.theirs, bytes.size()) == bytes);
    }
  }());
}

BATON_ASIO_TEST(ACancelledHandshakeEnds) {
  net::io_context io;
  SocketPair sockets(io);
  Stream server(std::move(sockets.ours), our_config(Role::server));
  net::cancellation_signal signal;
  error_code result;
  server.async_handshake(net::bind_cancellation_slot(signal.slot(), [&](error_code ec) { result = ec; }));
  io.poll();
  signal.emit(net::cancellation_type::terminal);
  io.restart();
  io.run();
  EXPECT_EQ(result, net::error::operation_aborted);
}

#endif

}  // namespace baton::test::BATON_ASIO_FLAVOUR
