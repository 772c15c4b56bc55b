// SPDX-License-Identifier: MIT
// Included before everything else (-include) where the CUDA backend is compiled as plain C++. Every
// type, enumeration and declaration is the toolkit's own, of its real headers; what is added here
// is what only nvcc knows: the storage words, launches, and the functions of kernels.
#pragma once

#ifdef __CUDACC__
#error "prelude.hpp is for plain C++ compilers: nvcc needs no emulator"
#endif

// The toolkit's host_defines.h keeps these where they are defined already. Shared memory is static:
// one block runs at a time. __thread forbids constructors, as a GPU does, and lets the race checker
// tell it from other variables by its address.
#define __host__
#define __device__
#define __global__
#define __constant__
#define __managed__
#define __grid_constant__
#define __forceinline__ inline
#define __noinline__
#define __shared__ static __thread
#define __launch_bounds__(...)

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <device_launch_parameters.h>  // declares threadIdx, blockIdx, blockDim, gridDim, warpSize

#include "device/atomics.hpp"
#include "device/barriers.hpp"
#include "device/math.hpp"
#include "device/tensor_cores.hpp"
#include "device/warp.hpp"
#include "device/wmma.hpp"
#include "typed_launch.hpp"
