// Blocking sockets on loopback.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

namespace baton::bench {

class LoopbackSocket {
 public:
  explicit LoopbackSocket(int descriptor) : descriptor_(descriptor) {}
  LoopbackSocket(LoopbackSocket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  LoopbackSocket& operator=(LoopbackSocket&&) = delete;
  ~LoopbackSocket();

  // A connection that gives up what takes longer than 30 s.
  static LoopbackSocket connect(std::uint16_t port);
  static LoopbackSocket listen(std::uint16_t port);

  int descriptor() const { return descriptor_; }
  // Says that nothing more comes, and waits for the other side's end.
  void finish();

 private:
  int descriptor_;
};

}  // namespace baton::bench
