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
