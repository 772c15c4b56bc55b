// SPDX-License-Identifier: MIT
// Stands in for the library's header of this name: the same functions without PTX.
#pragma once

#include <cuda_runtime.h>

#include <cmath>
#include <cstdint>

#include "../../../device/tensor_cores.hpp"
#include "../../../launch.hpp"
#include "extrema/core/bfloat16.hpp"

namespace extrema::cuda::ptx {

inline constexpr bool ampere = true;

template <class T>
T* dynamic_shared() {
  return reinterpret_cast<T*>(emulated_shared_memory);
}

template <class... Parameters>
int compiled_for(void (*)(Parameters...)) {
  return emulator::capability();
}

inline int unknown(int i) { return i; }

inline void copy_async(void* shared, const void* global, bool there) {
  alignas(16) static constexpr std::uint32_t zeros[4] = {};
  emulator::copy_later(shared, there ? global : zeros, 16);
}
inline void end_copy_group() { emulator::close_copy_group(); }
template <int left>
void wait_for_copies() {
  emulator::finish_copies(left);
}

inline void load_matrices(std::uint32_t (&r)[4], const void* row) {
  emulator::load_matrices<emulator::Transposed::no>(r, row);
}
inline void load_transposed(std::uint32_t (&r)[4], const void* row) {
  emulator::load_matrices<emulator::Transposed::yes>(r, row);
}

inline void multiply_bf16(float (&d)[4], const std::uint32_t (&a)[4], std::uint32_t b0,
                          std::uint32_t b1) {
  emulator::multiply_matrices<16, emulator::from_bf16>(d, {a[0], a[1], a[2], a[3]}, {b0, b1});
}
inline void multiply_fp16_half(float (&d)[4], std::uint32_t a0, std::uint32_t a1, std::uint32_t b) {
  emulator::multiply_matrices<8, emulator::from_fp16>(d, {a0, a1}, {b});
}
inline void multiply_fp16(float (&d)[4], const std::uint32_t (&a)[4], std::uint32_t b0,
                          std::uint32_t b1) {
  emulator::multiply_matrices<16, emulator::from_fp16>(d, {a[0], a[1], a[2], a[3]}, {b0, b1});
}

inline float exp2(float x) {
  const float power = std::exp2(x);
  return power < 0x1p-126f ? 0 : power;
}

inline std::uint32_t pack_bf16(float low, float high) {
  return static_cast<std::uint32_t>(bfloat16{high}.bits) << 16 | bfloat16{low}.bits;
}

}  // namespace extrema::cuda::ptx
