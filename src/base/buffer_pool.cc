#include "base/buffer_pool.h"

#include <array>
#include <bit>

namespace baton {
namespace {

// Blocks are powers of two, from one that takes a small answer to one that takes several full records. Larger
// ones come from the allocator each time.
constexpr std::size_t kSmallestBlock = 2048;
constexpr std::size_t kSizes = 8;  // up to 256 KiB
constexpr std::size_t kLargestBlock = kSmallestBlock << (kSizes - 1);
// Blocks of one size that a thread keeps. More than that were a burst.
constexpr std::size_t kKept = 4;

std::size_t block_size(std::size_t index) {
  return kSmallestBlock << index;
}

// The index of the smallest block that takes `size` bytes, at most kLargestBlock.
std::size_t index_for(std::size_t size) {
  return size <= kSmallestBlock ? 0 : static_cast<std::size_t>(std::bit_width((size - 1) / kSmallestBlock));
}

class ThreadPool {
 public:
  ThreadPool() = default;
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  ~ThreadPool();

  void* take(std::size_t index) {
    Kept& kept = kept_[index];
    return kept.count > 0 ? kept.blocks[--kept.count] : nullptr;
  }
  bool give(std::size_t index, void* block) {
    Kept& kept = kept_[index];
    if (kept.count == kKept) return false;
    kept.blocks[kept.count++] = block;
    return true;
  }

 private:
  struct Kept {
    std::array<void*, kKept> blocks;
    std::size_t count = 0;
  };
  std::array<Kept, kSizes> kept_{};
};

// Buffers may outlive their thread's pool, when the thread ends.
enum class Life : std::uint8_t { unborn, living, over };
thread_local Life life = Life::unborn;
thread_local ThreadPool the_pool;

ThreadPool::~ThreadPool() {
  life = Life::over;
  for (std::size_t index = 0; index < kSizes; ++index) {
    while (void* block = take(index)) ::operator delete(block);
  }
}

ThreadPool* pool() {
  if (life == Life::over) return nullptr;
  life = Life::living;
  return &the_pool;
}

}  // namespace

void* pool_allocate(std::size_t size) {
  if (size > kLargestBlock) return ::operator new(size);
  const std::size_t index = index_for(size);
  ThreadPool* mine = pool();
  void* block = mine != nullptr ? mine->take(index) : nullptr;
  return block != nullptr ? block : ::operator new(block_size(index));
}

void pool_free(void* memory, std::size_t size) noexcept {
  if (size > kLargestBlock) return ::operator delete(memory);
  const std::size_t index = index_for(size);
  ThreadPool* mine = pool();
  if (mine == nullptr || !mine->give(index, memory)) ::operator delete(memory);
}

}  // namespace baton
