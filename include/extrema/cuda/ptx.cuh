// SPDX-License-Identifier: MIT
// What plain C++ cannot say: a block's dynamic shared memory, and the instructions of tensor cores.
//
// Include it as <extrema/cuda/ptx.cuh>: where kernels run on a CPU (tests/cuda_on_cpu), a header of
// that name with the same functions comes first. A warp calls them with all lanes. Fragments are
// the PTX manual's ("matrix fragments for mma.m16n8k16"), g = lane / 4, t = lane % 4, i = 0, 1:
//   a[0..3]   rows g, g + 8, g, g + 8;  columns 2t + i of the first and, from a[2], last eight
//   b[0..1]   rows 2t + i of the first and of the last eight;  column g
//   d[0..3]   row g, columns 2t and 2t + 1;  row g + 8, the same columns
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "extrema/core/bfloat16.hpp"
#include "extrema/cuda/error.cuh"

extern __shared__ __align__(128) unsigned char extrema_dynamic_smem[];

namespace extrema::cuda::ptx {

// The one place that asks what is compiled for: Turing (7.5) has no cp.async, no bfloat16, and
// products of fp16 half as deep.
#if defined __CUDA_ARCH__ && __CUDA_ARCH__ < 800
inline constexpr bool ampere = false;
#else
inline constexpr bool ampere = true;
#endif

/// The shared memory that the launch asked for.
template <class T>
__device__ T* dynamic_shared() {
  return reinterpret_cast<T*>(extrema_dynamic_smem);
}

/// For which compute capability (75, 80, ...) the current card's code of a kernel was compiled.
template <class... Parameters>
int compiled_for(void (*kernel)(Parameters...)) {
  cudaFuncAttributes attributes;
  check(cudaFuncGetAttributes(&attributes, kernel), "cudaFuncGetAttributes");
  return attributes.ptxVersion;
}

__device__ inline std::uint32_t address(const void* shared) {
  return static_cast<std::uint32_t>(__cvta_generic_to_shared(shared));
}

/// i, of which the compiler knows nothing: what follows from it is computed where that is needed,
/// rather than kept in registers from before a loop.
__device__ inline int unknown(int i) {
  asm volatile("" : "+r"(i));
  return i;
}

/// Begins to copy 16 bytes, or zeros where they are not `there`. Both places are aligned to 16.
__device__ inline void copy_async(void* shared, const void* global, bool there) {
  if constexpr (ampere)
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;\n" ::"r"(address(shared)),
                 "l"(global), "r"(there ? 16 : 0)
                 : "memory");
  else *static_cast<uint4*>(shared) = there ? *static_cast<const uint4*>(global) : uint4{};
}

/// What this thread has begun to copy since the last time is a group.
__device__ inline void end_copy_group() {
  if constexpr (ampere) asm volatile("cp.async.commit_group;\n" ::: "memory");
}

/// Waits until at most the last `left` groups of this thread are still under way. Other threads see
/// the copies after a barrier.
template <int left>
__device__ void wait_for_copies() {
  if constexpr (ampere) asm volatile("cp.async.wait_group %0;\n" ::"n"(left) : "memory");
}

/// Four 8 x 8 matrices of 16-bit numbers: lanes 8m to 8m + 7 give the rows (of 16 bytes) of matrix
/// m, and each lane gets row lane / 4, columns 2 (lane % 4) and the next, of all four.
__device__ inline void load_matrices(std::uint32_t (&r)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];\n"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(address(row))
               : "memory");
}

/// The same of the transposed matrices.
__device__ inline void load_transposed(std::uint32_t (&r)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];\n"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(address(row))
               : "memory");
}

/// d += a b, (16, 16) by (16, 8) of bfloat16. Not on Turing.
__device__ inline void multiply_bf16(float (&d)[4], const std::uint32_t (&a)[4], std::uint32_t b0,
                                     std::uint32_t b1) {
  if constexpr (ampere)
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, "
        "{%8,%9}, {%0,%1,%2,%3};\n"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
  else __trap();
}

/// d += a b, (16, 8) by (8, 8) of fp16: half of the fragments above, Turing's own size.
__device__ inline void multiply_fp16_half(float (&d)[4], std::uint32_t a0, std::uint32_t a1,
                                          std::uint32_t b) {
  asm volatile(
      "mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5}, {%6}, "
      "{%0,%1,%2,%3};\n"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a0), "r"(a1), "r"(b));
}

/// d += a b, (16, 16) by (16, 8) of fp16. On Turing in two halves, whose fragments are the same.
__device__ inline void multiply_fp16(float (&d)[4], const std::uint32_t (&a)[4], std::uint32_t b0,
                                     std::uint32_t b1) {
  if constexpr (ampere) {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, "
        "{%8,%9}, {%0,%1,%2,%3};\n"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
  } else {
    multiply_fp16_half(d, a[0], a[1], b0);
    multiply_fp16_half(d, a[2], a[3], b1);
  }
}

/// 2^x, within two units in the last place. Zero where that is below 2^-126: exp2f, which goes on
/// below, takes four instructions.
__device__ inline float exp2(float x) {
  float power;
  asm("ex2.approx.ftz.f32 %0, %1;\n" : "=f"(power) : "f"(x));
  return power;
}

/// Two floats rounded to bfloat16 (nearest, ties to even), the first in the lower half.
__device__ inline std::uint32_t pack_bf16(float low, float high) {
  std::uint32_t packed;
  if constexpr (ampere) asm("cvt.rn.bf16x2.f32 %0, %1, %2;\n" : "=r"(packed) : "f"(high), "f"(low));
  else packed = static_cast<std::uint32_t>(bfloat16{high}.bits) << 16 | bfloat16{low}.bits;
  return packed;
}

}  // namespace extrema::cuda::ptx
