// SPDX-License-Identifier: MIT
// A thread of a block is a fibre: a stack of its own, left and gone on with where the thread waits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "context.hpp"

namespace emulator {

inline constexpr unsigned most_threads = 1024;  // of a block

struct Fibre {
  Context context;
  char* stack = nullptr;
  bool started = false;  // its stack runs the scheduler's loop over threads
  unsigned thread = 0;   // which thread of the block it runs now
};

/// The stacks of all threads of a block. One that runs no thread is taken for the next; so a kernel
/// without barriers needs one.
class Fibres {
 public:
  /// Where there are none yet.
  void make();

  Fibre* take();
  void give(Fibre* fibre) { free_.push_back(fibre); }

  /// Leaves `from` for `to`; null is the caller of the scheduler.
  void go(Fibre* from, Fibre* to);

  /// To be called on the caller's own stack, before its threads run.
  void note_caller();
  /// The first thing on a new stack.
  static void arrive_on_new_stack();

  static std::size_t stack_bytes();
  std::uintptr_t begin() const { return reinterpret_cast<std::uintptr_t>(stacks_); }
  std::uintptr_t end() const;

 private:
  char* stacks_ = nullptr;
  std::vector<Fibre> all_;
  std::vector<Fibre*> free_;
  Context caller_;
  const void* caller_stack_ = nullptr;  // as AddressSanitizer wants to know it
  std::size_t caller_bytes_ = 0;
};

}  // namespace emulator
