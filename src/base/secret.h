// Memory for secrets (R6): it wipes itself, cannot be copied by accident, and cannot be formatted.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <utility>

#include "base/test_hooks.h"
#include "baton/secret.h"

namespace baton {

// A secret of at most `Capacity` bytes, held inline. Move-only; moving wipes the source, destruction wipes
// all. There is no stream operator and no formatter on purpose.
template <std::size_t Capacity>
class Secret {
 public:
  static constexpr std::size_t kCapacity = Capacity;

  Secret() = default;
  // `size` zero bytes, to be filled through `data()`. `size` must be at most `Capacity`.
  explicit Secret(std::size_t size) : size_(static_cast<std::uint8_t>(size)) {
    static_assert(Capacity < 256);
    if (size > Capacity) std::abort();
  }
  // Copies the bytes in. The caller wipes its own copy.
  explicit Secret(ByteView bytes) : Secret(bytes.size()) {
    std::copy(bytes.begin(), bytes.end(), bytes_.begin());
  }
  Secret(Secret&& other) noexcept { take(other); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      clear();
      take(other);
    }
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { clear(); }

  void clear() noexcept {
    if (size_ == 0) return;  // nothing was ever there, or it was wiped before
    wipe(bytes_);
    size_ = 0;
  }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  ByteView view() const { return {bytes_.data(), size_}; }
  MutableBytes data() { return {bytes_.data(), size_}; }

 private:
  void take(Secret& other) noexcept {
    bytes_ = other.bytes_;
    size_ = other.size_;
    if (!test_hooks::mutant_is(test_hooks::Mutant::hand_over_without_wiping)) other.clear();
  }

  std::array<std::uint8_t, Capacity> bytes_{};
  std::uint8_t size_ = 0;
};

}  // namespace baton
