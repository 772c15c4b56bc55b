// SPDX-License-Identifier: MIT
// Leaving one stack and going on with another. 25 lines of assembly, as swapcontext() asks the
// kernel for the signal mask at every switch, which is 6 to 8 times slower; it is what other
// processors than x86-64 take.
#pragma once

#include <cstddef>

namespace emulator {

class Context {
 public:
  Context() = default;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context();

  /// The first switch to it calls `entry`, which never returns, on this stack.
  void prepare(char* stack, std::size_t size, void (*entry)());

  /// Leaves `from`, which a later switch goes on with, for this one.
  void go_on_from(Context& from);

 private:
  void* state_ = nullptr;  // the stack pointer, or a ucontext_t
};

}  // namespace emulator
