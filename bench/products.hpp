// SPDX-License-Identifier: MIT
// The engine that benchmarks multiply with: oneDNN where it was found.
#pragma once

#include "extrema/cpu/gemm.hpp"
#ifdef EXTREMA_HAS_ONEDNN
#include "extrema/cpu/onednn.hpp"
using Products = extrema::cpu::OneDnn;
#else
using Products = extrema::cpu::EigenProducts;
#endif
