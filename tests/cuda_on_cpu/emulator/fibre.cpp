// SPDX-License-Identifier: MIT
#include "fibre.hpp"

#include <pthread.h>
#include <sys/mman.h>

#include "failure.hpp"
#include "sanitizer.hpp"

namespace emulator {

static constexpr std::size_t guard = 4096;  // a page below each stack that cannot be touched

std::size_t Fibres::stack_bytes() { return std::size_t{address_sanitizer ? 256 : 64} << 10; }

std::uintptr_t Fibres::end() const { return begin() + (stack_bytes() + guard) * most_threads; }

void Fibres::make() {
  if (stacks_) return;
  const std::size_t each = stack_bytes() + guard;
  void* const memory = mmap(nullptr, each * most_threads, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) fail("no memory for the threads' stacks");
  stacks_ = static_cast<char*>(memory);
  all_ = std::vector<Fibre>(most_threads);
  for (unsigned i = most_threads; i-- > 0;) {
    mprotect(stacks_ + each * i, guard, PROT_NONE);
    all_[i].stack = stacks_ + each * i + guard;
    free_.push_back(&all_[i]);
  }
}

Fibre* Fibres::take() {
  Fibre* const fibre = free_.back();
  free_.pop_back();
  return fibre;
}

void Fibres::go(Fibre* from, Fibre* to) {
  if (from == to) return;
  Context& here = from ? from->context : caller_;
  Context& there = to ? to->context : caller_;
  void* kept = nullptr;
  if (to) leave_stack(&kept, to->stack, stack_bytes());
  else leave_stack(&kept, caller_stack_, caller_bytes_);
  there.go_on_from(here);
  arrive_on_stack(kept);
}

void Fibres::note_caller() {
  if (!address_sanitizer) return;
  pthread_attr_t attributes;
  void* stack = nullptr;
  pthread_getattr_np(pthread_self(), &attributes);
  pthread_attr_getstack(&attributes, &stack, &caller_bytes_);
  pthread_attr_destroy(&attributes);
  caller_stack_ = stack;
}

void Fibres::arrive_on_new_stack() { arrive_on_stack(nullptr); }

}  // namespace emulator
