// SPDX-License-Identifier: MIT
// What the CUDA runtime refuses becomes an Error that says what to do.
#pragma once

#include <cuda_runtime.h>

#include "extrema/core/error.hpp"

namespace extrema::cuda {

/// Throws Error where a call of the runtime failed; `what` is the call, or the operation's name.
inline void check(cudaError_t error, const char* what) {
  if (error == cudaSuccess) return;
  cudaGetLastError();  // or the next call would report it again
  throw Error{what, ": ", cudaGetErrorString(error), " (", cudaGetErrorName(error), ")"};
}

}  // namespace extrema::cuda
