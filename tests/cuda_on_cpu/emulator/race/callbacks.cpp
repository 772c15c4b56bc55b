// SPDX-License-Identifier: MIT
// The functions that clang calls from code compiled with -fsanitize=thread. The names are the
// compiler's.
#include <cstddef>
#include <cstdint>

#include "checker.hpp"

using emulator::Access;
using emulator::note_access;

// How far the caller is known has to be asked in the callback itself.
#define EMULATOR_CALLER __builtin_return_address(0)
#define EMULATOR_ACCESSES(bytes)                           \
  extern "C" void __tsan_read##bytes(void* p) {            \
    note_access(p, bytes, Access::read, EMULATOR_CALLER);  \
  }                                                        \
  extern "C" void __tsan_write##bytes(void* p) {           \
    note_access(p, bytes, Access::write, EMULATOR_CALLER); \
  }                                                        \
  extern "C" void __tsan_unaligned_read##bytes(void* p) {  \
    note_access(p, bytes, Access::read, EMULATOR_CALLER);  \
  }                                                        \
  extern "C" void __tsan_unaligned_write##bytes(void* p) { \
    note_access(p, bytes, Access::write, EMULATOR_CALLER); \
  }
EMULATOR_ACCESSES(1)
EMULATOR_ACCESSES(2)
EMULATOR_ACCESSES(4)
EMULATOR_ACCESSES(8)
EMULATOR_ACCESSES(16)

extern "C" {

void __tsan_read_range(void* p, std::size_t bytes) {
  note_access(p, bytes, Access::read, EMULATOR_CALLER);
}
void __tsan_write_range(void* p, std::size_t bytes) {
  note_access(p, bytes, Access::write, EMULATOR_CALLER);
}

// Copies of structs: clang calls the plain functions, which the linker (--wrap) sends here; newer
// ones call the second names.
void* __real_memcpy(void*, const void*, std::size_t);
void* __real_memmove(void*, const void*, std::size_t);
void* __real_memset(void*, int, std::size_t);

void* __wrap_memcpy(void* to, const void* from, std::size_t bytes) {
  note_access(from, bytes, Access::read, EMULATOR_CALLER);
  note_access(to, bytes, Access::write, EMULATOR_CALLER);
  return __real_memcpy(to, from, bytes);
}
void* __wrap_memmove(void* to, const void* from, std::size_t bytes) {
  note_access(from, bytes, Access::read, EMULATOR_CALLER);
  note_access(to, bytes, Access::write, EMULATOR_CALLER);
  return __real_memmove(to, from, bytes);
}
void* __wrap_memset(void* to, int value, std::size_t bytes) {
  note_access(to, bytes, Access::write, EMULATOR_CALLER);
  return __real_memset(to, value, bytes);
}
void* __tsan_memcpy(void* to, const void* from, std::size_t bytes) {
  note_access(from, bytes, Access::read, EMULATOR_CALLER);
  note_access(to, bytes, Access::write, EMULATOR_CALLER);
  return __real_memcpy(to, from, bytes);
}
void* __tsan_memmove(void* to, const void* from, std::size_t bytes) {
  note_access(from, bytes, Access::read, EMULATOR_CALLER);
  note_access(to, bytes, Access::write, EMULATOR_CALLER);
  return __real_memmove(to, from, bytes);
}
void* __tsan_memset(void* to, int value, std::size_t bytes) {
  note_access(to, bytes, Access::write, EMULATOR_CALLER);
  return __real_memset(to, value, bytes);
}

void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}
void __tsan_atomic_thread_fence(int) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
void __tsan_atomic_signal_fence(int) {}

}  // extern "C"

// Atomic operations of host code that stands in the same file as kernels.
#define EMULATOR_ATOMIC_CHANGE(bits, name)                                                      \
  extern "C" std::uint##bits##_t __tsan_atomic##bits##_##name(volatile std::uint##bits##_t* p,  \
                                                              std::uint##bits##_t value, int) { \
    return __atomic_##name(p, value, __ATOMIC_SEQ_CST);                                         \
  }
#define EMULATOR_ATOMIC_EXCHANGE(bits, kind)                                                     \
  extern "C" int __tsan_atomic##bits##_compare_exchange_##kind(                                  \
      volatile std::uint##bits##_t* p, std::uint##bits##_t* expected, std::uint##bits##_t value, \
      int, int) {                                                                                \
    return __atomic_compare_exchange_n(p, expected, value, false, __ATOMIC_SEQ_CST,              \
                                       __ATOMIC_SEQ_CST);                                        \
  }
#define EMULATOR_ATOMICS(bits)                                                                     \
  extern "C" std::uint##bits##_t __tsan_atomic##bits##_load(const volatile std::uint##bits##_t* p, \
                                                            int) {                                 \
    return __atomic_load_n(p, __ATOMIC_SEQ_CST);                                                   \
  }                                                                                                \
  extern "C" void __tsan_atomic##bits##_store(volatile std::uint##bits##_t* p,                     \
                                              std::uint##bits##_t value, int) {                    \
    __atomic_store_n(p, value, __ATOMIC_SEQ_CST);                                                  \
  }                                                                                                \
  extern "C" std::uint##bits##_t __tsan_atomic##bits##_exchange(volatile std::uint##bits##_t* p,   \
                                                                std::uint##bits##_t value, int) {  \
    return __atomic_exchange_n(p, value, __ATOMIC_SEQ_CST);                                        \
  }                                                                                                \
  EMULATOR_ATOMIC_CHANGE(bits, fetch_add)                                                          \
  EMULATOR_ATOMIC_CHANGE(bits, fetch_sub)                                                          \
  EMULATOR_ATOMIC_CHANGE(bits, fetch_and)                                                          \
  EMULATOR_ATOMIC_CHANGE(bits, fetch_or)                                                           \
  EMULATOR_ATOMIC_CHANGE(bits, fetch_xor)                                                          \
  EMULATOR_ATOMIC_EXCHANGE(bits, strong)                                                           \
  EMULATOR_ATOMIC_EXCHANGE(bits, weak)
EMULATOR_ATOMICS(8)
EMULATOR_ATOMICS(16)
EMULATOR_ATOMICS(32)
EMULATOR_ATOMICS(64)
