// SPDX-License-Identifier: MIT
// What AddressSanitizer is told where it watches, and nothing elsewhere.
#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define EMULATOR_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define EMULATOR_ASAN 1
#endif
#endif

#ifdef EMULATOR_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace emulator {

#ifdef EMULATOR_ASAN
inline constexpr bool address_sanitizer = true;
inline void forbid(const void* memory, std::size_t bytes) {
  __asan_poison_memory_region(memory, bytes);
}
inline void allow(const void* memory, std::size_t bytes) {
  __asan_unpoison_memory_region(memory, bytes);
}
inline void leave_stack(void** kept, const void* stack, std::size_t bytes) {
  __sanitizer_start_switch_fiber(kept, stack, bytes);
}
inline void arrive_on_stack(void* kept) { __sanitizer_finish_switch_fiber(kept, nullptr, nullptr); }
#else
inline constexpr bool address_sanitizer = false;
inline void forbid(const void*, std::size_t) {}
inline void allow(const void*, std::size_t) {}
inline void leave_stack(void**, const void*, std::size_t) {}
inline void arrive_on_stack(void*) {}
#endif

}  // namespace emulator
