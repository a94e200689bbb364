// A buffer for secrets, which wipes its memory when it is freed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "baton/bytes.h"
#include "baton/export.h"

namespace baton {

// Overwrites the bytes with zeros in a way that the compiler may not drop.
inline void wipe(MutableBytes bytes) noexcept {
  if (bytes.empty()) return;
  std::memset(bytes.data(), 0, bytes.size());
  // As far as the compiler knows, this reads them. Inline, so that a few bytes cost a few stores.
  asm volatile("" : : "r"(bytes.data()) : "memory");
}

// An allocator that wipes what it frees.
template <class T>
struct BATON_EXPORT WipingAllocator {
  // What the standard asks of an allocator ([allocator.requirements]).
  using value_type = T;
  WipingAllocator() = default;
  template <class U>
  explicit WipingAllocator(const WipingAllocator<U>& /*other*/) noexcept {}
  T* allocate(std::size_t count) { return std::allocator<T>{}.allocate(count); }
  void deallocate(T* pointer, std::size_t count) noexcept {
    wipe({reinterpret_cast<std::uint8_t*>(pointer), count * sizeof(T)});
    std::allocator<T>{}.deallocate(pointer, count);
  }

  friend bool operator==(const WipingAllocator&, const WipingAllocator&) { return true; }
};

// A growing buffer whose memory is wiped when it is freed, also when it grows. `clear()` alone does not wipe.
using SecretBuffer = std::vector<std::uint8_t, WipingAllocator<std::uint8_t>>;

}  // namespace baton
