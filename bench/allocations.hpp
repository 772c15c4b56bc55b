// SPDX-License-Identifier: MIT
// Counts requests for heap memory by who makes them. Include it in one unit of a program: it
// replaces malloc and operator new there (glibc, dynamically linked).
//
// extrema and the standard containers that it uses ask by operator new, Eigen (which is compiled
// into the program) by malloc; oneDNN and OpenMP's run time are told by the library that calls.
#pragma once

#if defined(__clang__) && defined(__x86_64__)
#include <immintrin.h>  // declares posix_memalign its own way, which must come before ours
#endif

#include <dlfcn.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>

namespace bench {

struct AllocationCounts {
  long own = 0, eigen = 0, onednn = 0, openmp = 0;
};

struct Allocations {
  std::atomic<long> own{0}, eigen{0}, onednn{0}, openmp{0};
  std::atomic<bool> counts{false};

  AllocationCounts now() const { return {own, eigen, onednn, openmp}; }

  void note(const void* caller, std::atomic<long>& of_program) {
    if (!counts) return;
    Dl_info library{};
    const char* name = dladdr(caller, &library) && library.dli_fname ? library.dli_fname : "";
    if (std::strstr(name, "libdnnl")) ++onednn;
    else if (std::strstr(name, "libgomp") || std::strstr(name, "libomp")) ++openmp;
    else ++of_program;
  }
};
inline Allocations allocations;
#ifdef __SANITIZE_ADDRESS__
inline constexpr bool counts_allocations = false;
#else
inline constexpr bool counts_allocations = true;
#endif

/// Counts from here to the end of its life; `own` and the others start at 0.
class CountAllocations {
 public:
  CountAllocations() {
    for (auto* count :
         {&allocations.own, &allocations.eigen, &allocations.onednn, &allocations.openmp})
      *count = 0;
    allocations.counts = true;
  }
  CountAllocations(const CountAllocations&) = delete;
  CountAllocations& operator=(const CountAllocations&) = delete;
  ~CountAllocations() { allocations.counts = false; }
};

}  // namespace bench

#ifndef __SANITIZE_ADDRESS__  // which replaces them itself: then nothing is counted
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t size) noexcept {
  bench::allocations.note(__builtin_return_address(0), bench::allocations.eigen);
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) noexcept {
  bench::allocations.note(__builtin_return_address(0), bench::allocations.eigen);
  return __libc_calloc(count, size);
}
void* realloc(void* pointer, std::size_t size) noexcept {
  bench::allocations.note(__builtin_return_address(0), bench::allocations.eigen);
  return __libc_realloc(pointer, size);
}
void* memalign(std::size_t alignment, std::size_t size) noexcept {
  bench::allocations.note(__builtin_return_address(0), bench::allocations.eigen);
  return __libc_memalign(alignment, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  bench::allocations.note(__builtin_return_address(0), bench::allocations.eigen);
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** pointer, std::size_t alignment, std::size_t size) noexcept {
  bench::allocations.note(__builtin_return_address(0), bench::allocations.eigen);
  *pointer = __libc_memalign(alignment, size);
  return *pointer ? 0 : ENOMEM;
}
}

// (Not inline: the address that they return to is who called.)
[[gnu::noinline]] void* operator new(std::size_t size) {
  bench::allocations.note(__builtin_return_address(0), bench::allocations.own);
  if (void* pointer = __libc_malloc(size ? size : 1)) return pointer;
  throw std::bad_alloc{};
}
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
  bench::allocations.note(__builtin_return_address(0), bench::allocations.own);
  if (void* pointer = __libc_memalign(static_cast<std::size_t>(alignment), size ? size : 1))
    return pointer;
  throw std::bad_alloc{};
}
[[gnu::noinline]] void operator delete(void* pointer) noexcept { std::free(pointer); }
[[gnu::noinline]] void operator delete(void* pointer, std::size_t) noexcept { std::free(pointer); }
[[gnu::noinline]] void operator delete(void* pointer, std::align_val_t) noexcept {
  std::free(pointer);
}
[[gnu::noinline]] void operator delete(void* pointer, std::size_t, std::align_val_t) noexcept {
  std::free(pointer);
}
#endif
