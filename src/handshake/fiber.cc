#include "handshake/fiber.h"

#include <sys/mman.h>
#include <ucontext.h>

#include <cstdlib>
#include <utility>
#include <vector>

#include "handshake/fiber_sanitizers.h"

namespace baton::handshake {
namespace {

constexpr std::size_t kStackSize = std::size_t{128} * 1024;
// At the low end: a stack grows down. As large as the largest page of any machine, since parts of pages can
// neither be protected nor emptied; and a large frame does not step over it.
constexpr std::size_t kGuardSize = std::size_t{64} * 1024;
constexpr std::size_t kMappedSize = kGuardSize + kStackSize;
constexpr std::size_t kMostKept = 64;  // stacks without content that a thread keeps

struct Unmap {
  void operator()(char* mapped) const noexcept { munmap(mapped, kMappedSize); }
};
using Stack = std::unique_ptr<char, Unmap>;

thread_local std::vector<Stack> kept_stacks;

Stack take_stack() {
  if (!kept_stacks.empty()) {
    Stack stack = std::move(kept_stacks.back());
    kept_stacks.pop_back();
    return stack;
  }
  void* mapped = mmap(nullptr, kMappedSize, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  Stack stack(static_cast<char*>(mapped));
  if (mprotect(mapped, kGuardSize, PROT_NONE) != 0) return nullptr;
  madvise(stack.get() + kGuardSize, kStackSize, MADV_DONTDUMP);
  return stack;
}

// What was on it goes back to the kernel, and reads as zeros (R6).
void give_back(Stack stack) {
  if (!stack || kept_stacks.size() >= kMostKept) return;
  if (madvise(stack.get() + kGuardSize, kStackSize, MADV_DONTNEED) != 0) return;
  kept_stacks.push_back(std::move(stack));
}

}  // namespace

struct Fiber::Inside {
  Inside(std::function<void()> body_of, Stack stack_of)
      : body(std::move(body_of)), stack(std::move(stack_of)) {}

  static void enter();
  void run();

  std::function<void()> body;
  Stack stack;
  ucontext_t own{};
  ucontext_t caller{};
  FiberSanitizers sanitizers;
  bool begun = false;
  bool ended = false;

  // makecontext() passes integers only.
  static thread_local Inside* current;
};

thread_local Fiber::Inside* Fiber::Inside::current = nullptr;

void Fiber::Inside::enter() {
  current->run();
}

void Fiber::Inside::run() {
  sanitizers.entered();
  body();
  ended = true;
  sanitizers.leave_for_good();
  setcontext(&caller);
  std::abort();
}

Fiber::Fiber(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}

Fiber::~Fiber() {
  if (inside_->begun && !inside_->ended) std::abort();
  give_back(std::move(inside_->stack));
}

std::unique_ptr<Fiber> Fiber::create(std::function<void()> body) {
  Stack stack = take_stack();
  if (!stack) return nullptr;
  auto inside = std::make_unique<Inside>(std::move(body), std::move(stack));
  if (getcontext(&inside->own) != 0) return nullptr;
  inside->own.uc_stack.ss_sp = inside->stack.get() + kGuardSize;
  inside->own.uc_stack.ss_size = kStackSize;
  inside->own.uc_link = nullptr;
  makecontext(&inside->own, &Inside::enter, 0);
  return std::unique_ptr<Fiber>(new Fiber(std::move(inside)));
}

void Fiber::resume() {
  if (inside_->ended) std::abort();
  inside_->begun = true;
  Inside* const outer = std::exchange(Inside::current, inside_.get());
  inside_->sanitizers.resume(inside_->own.uc_stack.ss_sp, kStackSize);
  swapcontext(&inside_->caller, &inside_->own);
  inside_->sanitizers.resumed();
  Inside::current = outer;
}

bool Fiber::ended() const {
  return inside_->ended;
}

void Fiber::suspend() {
  Inside& self = *Inside::current;
  self.sanitizers.leave();
  swapcontext(&self.own, &self.caller);
  self.sanitizers.entered_again();
}

}  // namespace baton::handshake
