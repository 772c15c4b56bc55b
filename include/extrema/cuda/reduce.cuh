// SPDX-License-Identifier: MIT
// Sums over a warp and over a block, always in the same order.
#pragma once

#include "extrema/cuda/launch.cuh"

namespace extrema::cuda {

/// The sum of all lanes' values, in every lane.
template <class T>
__device__ T warp_sum(T value) {
#pragma unroll
  for (int offset = warp_size / 2; offset > 0; offset /= 2)
    value += __shfl_xor_sync(0xffffffffu, value, offset);
  return value;
}

template <class T>
__device__ T warp_max(T value) {
#pragma unroll
  for (int offset = warp_size / 2; offset > 0; offset /= 2) {
    const T other = __shfl_xor_sync(0xffffffffu, value, offset);
    value = other > value ? other : value;
  }
  return value;
}

/// The sum of all threads' values, in every thread of a block of one dimension.
template <class T>
__device__ T block_sum(T value) {
  __shared__ T of_warp[32];
  const int warp = static_cast<int>(threadIdx.x) / warp_size,
            lane = static_cast<int>(threadIdx.x) % warp_size,
            warps = static_cast<int>(blockDim.x) / warp_size;
  value = warp_sum(value);
  __syncthreads();  // what was read by an earlier call
  if (lane == 0) of_warp[warp] = value;
  __syncthreads();
  return warp_sum(lane < warps ? of_warp[lane] : T{});
}

}  // namespace extrema::cuda
