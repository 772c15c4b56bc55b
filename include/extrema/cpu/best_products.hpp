// SPDX-License-Identifier: MIT
// The fastest engine of products that a program is linked with: oneDNN by extrema::onednn (which
// defines EXTREMA_HAS_ONEDNN), else Eigen.
#pragma once

#include "extrema/cpu/gemm.hpp"
#ifdef EXTREMA_HAS_ONEDNN
#include "extrema/cpu/onednn.hpp"
#endif

namespace extrema::cpu {

#ifdef EXTREMA_HAS_ONEDNN
using BestProducts = OneDnn;
#else
using BestProducts = EigenProducts;
#endif

}  // namespace extrema::cpu
