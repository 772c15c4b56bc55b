// SPDX-License-Identifier: MIT
// The CPU's backend and the GPU's, for tests of operations that multiply no large matrices.
#pragma once

#include "compare.hpp"
#include "extrema/cpu/gemm.hpp"
#include "extrema/cuda/device.cuh"

struct NoProducts {};
template <class Format>
using Both = compare::Backends<extrema::cpu::BasicDevice<Format, extrema::cpu::EigenProducts>,
                               extrema::cuda::BasicDevice<Format, NoProducts>>;

// What tests take their formats from. Checkers see no more in the wider and the other 16 bits.
#ifndef EXTREMA_CUDA_CHECKED
#define ALL_FORMATS fp32, bf16, fp16, fp64
#define ALL_BACKENDS Both<fp32>, Both<bf16>, Both<fp16>, Both<fp64>
#define WIDE_BACKENDS Both<fp32>, Both<fp64>
#else
#define ALL_FORMATS fp32, bf16
#define ALL_BACKENDS Both<fp32>, Both<bf16>
#define WIDE_BACKENDS Both<fp32>
#endif
