#include "pipe.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "require.h"
#include "stopwatch.h"

namespace baton::bench {

void Pipe::write(ByteView bytes) {
  if (!drops_) append(output_, bytes);
}

Bytes Pipe::take_output() {
  return std::exchange(output_, {});
}

void Pipe::set_input(Bytes bytes) {
  require(input_read_ == input_.size(), "a library left input unread");
  input_ = std::move(bytes);
  input_read_ = 0;
  reads_.clear();
}

std::optional<std::size_t> Pipe::read(MutableBytes room) {
  const std::size_t count = std::min(room.size(), input_.size() - input_read_);
  if (count == 0) return std::nullopt;
  std::memcpy(room.data(), input_.data() + input_read_, count);
  input_read_ += count;
  reads_.push_back(count);
  return count;
}

double Pipe::seconds_of_copies() {
  Bytes target(17 * 1024);  // as a library's buffer: one record
  std::size_t at = 0;
  const Stopwatch watch;
  for (const std::size_t size : reads_) {
    std::memcpy(target.data(), input_.data() + at, std::min(size, target.size()));
    asm volatile("" : : "r"(target.data()) : "memory");
    at += size;
  }
  return watch.seconds();
}

}  // namespace baton::bench
