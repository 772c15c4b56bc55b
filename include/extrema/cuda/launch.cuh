// SPDX-License-Identifier: MIT
// The one place where kernels are started.
#pragma once

#include <cuda_runtime.h>

#include "extrema/core/round_up.hpp"
#include "extrema/core/tensor.hpp"
#include "extrema/cuda/error.cuh"

namespace extrema::cuda {

inline constexpr int warp_size = 32;

struct LaunchShape {
  dim3 blocks;
  dim3 threads;            // a multiple of 32 in all
  std::size_t shared = 0;  // dynamic shared memory in bytes
};

/// Enough blocks of so many threads that each of `count` things has one.
inline LaunchShape one_each(Index count, int threads = 256) {
  return {dim3(static_cast<unsigned>(divide_up(count, threads))),
          dim3(static_cast<unsigned>(threads))};
}

/// Starts a kernel on the device's stream; nothing where there is nothing to do. `what` names it
/// where it is refused.
template <class Device, class... Parameters, class... Arguments>
void start(Device& device, const char* what, const LaunchShape& shape,
           void (*kernel)(Parameters...), const Arguments&... arguments) {
  if (shape.blocks.x == 0 || shape.blocks.y == 0 || shape.blocks.z == 0) return;
  constexpr std::size_t usual = 48 << 10;  // more must be asked for
  if (shape.shared > usual)
    check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                               static_cast<int>(shape.shared)),
          what);
  cudaLaunchConfig_t config{};
  config.gridDim = shape.blocks;
  config.blockDim = shape.threads;
  config.dynamicSmemBytes = shape.shared;
  config.stream = device.stream();
  check(cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...), what);
}

}  // namespace extrema::cuda
