// Memory for bytes in flight, from a pool of the thread: a connection that is idle holds none, and one that
// is busy asks no allocator.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>
#include <vector>

namespace baton {

// At least `size` bytes, not initialised. Comes from this thread's pool where it has a block that fits.
void* pool_allocate(std::size_t size);
// Gives back what pool_allocate(size) gave, on any thread. Not wiped.
void pool_free(void* memory, std::size_t size) noexcept;

// Leaves elements uninitialised where a vector would set them to zero: who resizes such a vector fills it.
template <class T>
struct PoolAllocator {
  using value_type = T;

  PoolAllocator() = default;
  template <class U>
  explicit PoolAllocator(const PoolAllocator<U>& /*other*/) noexcept {}

  T* allocate(std::size_t count) { return static_cast<T*>(pool_allocate(count * sizeof(T))); }
  void deallocate(T* memory, std::size_t count) noexcept { pool_free(memory, count * sizeof(T)); }
  template <class U>
  void construct(U* place) noexcept {
    ::new (static_cast<void*>(place)) U;
  }
  template <class U, class... Arguments>
  void construct(U* place, Arguments&&... arguments) {
    ::new (static_cast<void*>(place)) U(std::forward<Arguments>(arguments)...);
  }

  friend bool operator==(const PoolAllocator&, const PoolAllocator&) { return true; }
};

// For ciphertext: what it frees is not wiped.
using WireBuffer = std::vector<std::uint8_t, PoolAllocator<std::uint8_t>>;

}  // namespace baton
