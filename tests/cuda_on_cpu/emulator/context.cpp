// SPDX-License-Identifier: MIT
#include "context.hpp"

#include <cstdint>

#if defined(__x86_64__)

// Saves the registers that a call keeps on the stack that is left, and takes them from the other.
extern "C" void emulator_switch(void** save, void* load);
asm(R"(
.text
.globl emulator_switch
.type emulator_switch,@function
emulator_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size emulator_switch,.-emulator_switch
)");

namespace emulator {

Context::~Context() = default;

void Context::prepare(char* stack, std::size_t size, void (*entry)()) {
  const auto top = reinterpret_cast<std::uintptr_t>(stack + size) & ~std::uintptr_t{15};
  auto** pointer = reinterpret_cast<void**>(top);
  *--pointer = nullptr;  // where `entry` would return to; the stack is aligned as after a call
  *--pointer = reinterpret_cast<void*>(entry);
  for (int i = 0; i < 6; ++i) *--pointer = nullptr;  // the registers
  state_ = pointer;
}

void Context::go_on_from(Context& from) { emulator_switch(&from.state_, state_); }

}  // namespace emulator

#else

#include <ucontext.h>

namespace emulator {

static ucontext_t& as_ucontext(void*& state) {
  if (!state) state = new ucontext_t{};
  return *static_cast<ucontext_t*>(state);
}

Context::~Context() { delete static_cast<ucontext_t*>(state_); }

void Context::prepare(char* stack, std::size_t size, void (*entry)()) {
  ucontext_t& context = as_ucontext(state_);
  getcontext(&context);
  context.uc_stack.ss_sp = stack;
  context.uc_stack.ss_size = size;
  context.uc_link = nullptr;
  makecontext(&context, entry, 0);
}

void Context::go_on_from(Context& from) {
  swapcontext(&as_ucontext(from.state_), &as_ucontext(state_));
}

}  // namespace emulator

#endif
