// From a writer's buffers into records of a connection.
#pragma once

#include <algorithm>
#include <array>

#include "baton/asio/detail/limits.h"
#include "baton/asio/error.h"
#include "baton/connection.h"
#include "baton/secret.h"

namespace baton::asio {
inline namespace BATON_ASIO_FLAVOUR {
namespace detail {

struct sealed_plaintext {
  std::size_t count = 0;
  error_code ec;  // nothing of these buffers was sealed, or the connection can seal nothing more
};

inline error_code write_error(const Connection& connection, const Error& error) {
  if (connection.failure()) return make_error_code(*connection.failure());
  if (error.code == ErrorCode::refused) return net::error::shut_down;
  return make_error_code(error.code);
}

// Gathers small buffers into full records; what fills whole records is sealed where it lies.
class record_gatherer {
 public:
  explicit record_gatherer(Connection& connection) : connection_(connection) {}
  record_gatherer(const record_gatherer&) = delete;
  record_gatherer& operator=(const record_gatherer&) = delete;
  ~record_gatherer() { wipe(MutableBytes(gathered_).first(used_)); }

  Result<void> add(ByteView bytes) {
    while (!bytes.empty()) {
      std::size_t count = 0;
      if (size_ == 0 && bytes.size() >= kFullRecord) {
        count = bytes.size() - bytes.size() % kFullRecord;
        if (auto sealed = connection_.write(bytes.first(count)); !sealed) return sealed;
      } else {
        count = std::min(bytes.size(), kFullRecord - size_);
        std::copy_n(bytes.begin(), count, gathered_.begin() + static_cast<std::ptrdiff_t>(size_));
        size_ += count;
        used_ = std::max(used_, size_);
        if (size_ == kFullRecord) {
          if (auto sealed = finish(); !sealed) return sealed;
        }
      }
      bytes = bytes.subspan(count);
    }
    return {};
  }

  Result<void> finish() { return connection_.write(MutableBytes(gathered_).first(std::exchange(size_, 0))); }

 private:
  Connection& connection_;
  std::size_t size_ = 0;                            // bytes gathered
  std::size_t used_ = 0;                            // bytes that were ever written
  std::array<std::uint8_t, kFullRecord> gathered_;  // NOLINT: only what was written is read
};

inline ByteView bytes_of(const net::const_buffer& buffer, std::size_t at_most) {
  return {static_cast<const std::uint8_t*>(buffer.data()), std::min(buffer.size(), at_most)};
}

template <class ConstBuffers>
Result<std::size_t> gather_and_seal(Connection& connection, const ConstBuffers& buffers) {
  record_gatherer gatherer(connection);
  std::size_t total = 0;
  const auto end = net::buffer_sequence_end(buffers);
  for (auto it = net::buffer_sequence_begin(buffers); it != end && total < kWriteSize; ++it) {
    const ByteView bytes = bytes_of(net::const_buffer(*it), kWriteSize - total);
    if (auto added = gatherer.add(bytes); !added) return tl::unexpected(std::move(added.error()));
    total += bytes.size();
  }
  if (auto finished = gatherer.finish(); !finished) return tl::unexpected(std::move(finished.error()));
  return total;
}

// Seals the front of `buffers`, as much as one write may.
template <class ConstBuffers>
sealed_plaintext seal_buffers(Connection& connection, const ConstBuffers& buffers) {
  const auto first = net::buffer_sequence_begin(buffers);
  const auto end = net::buffer_sequence_end(buffers);
  Result<std::size_t> sealed = 0;
  if (first != end && std::next(first) == end) {
    const ByteView bytes = bytes_of(net::const_buffer(*first), kWriteSize);
    sealed = bytes.size();
    if (auto written = connection.write(bytes); !written) sealed = tl::unexpected(std::move(written.error()));
  } else {
    sealed = gather_and_seal(connection, buffers);
  }
  if (!sealed) return {0, write_error(connection, sealed.error())};
  return {*sealed, {}};
}

}  // namespace detail
}  // namespace BATON_ASIO_FLAVOUR
}  // namespace baton::asio
