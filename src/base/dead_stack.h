// What functions that have returned leave on the stack (R6).
#pragma once

namespace baton {

// Overwrites 64 KiB of this thread's stack below the caller. For the end of work in a library that does not
// wipe its local variables, on a thread that may then sleep for long.
void wipe_dead_stack() noexcept;

// The same for 16 KiB, where the thread is a program's own and may have little.
void wipe_shallow_dead_stack() noexcept;

}  // namespace baton
