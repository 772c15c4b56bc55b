// SPDX-License-Identifier: MIT
// The singular values of a matrix of features.   N rows, P features
#pragma once

#include <algorithm>

#include "extrema/core/tensor.hpp"

namespace extrema::ops {

/// In descending order. They are roots of the eigenvalues of a Gram matrix in double: below 1e-8 of
/// the largest they are noise.
template <class W>
struct SingularValues {
  static constexpr const char* name = "singular_values";
  Matrix<const W> x;      // (N, P)
  Matrix<double> values;  // (1, min(N, P))
  constexpr bool valid() const { return values.size() == std::min(x.rows, x.cols); }
};

}  // namespace extrema::ops
