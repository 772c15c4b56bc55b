// SPDX-License-Identifier: MIT
// Singular values by one thread that turns pairs of columns until all are orthogonal (one-sided
// Jacobi; Hestenes, J. SIAM 6, 1958): their lengths then.   M >= N, whichever side of x is longer
#pragma once

#include <cmath>

#include "device.cuh"
#include "extrema/ops/singular_values.hpp"

namespace extrema::plain {

/// Column k of a matrix of M rows is row k of this, so that both shapes of x are one case.
template <class W>
struct Element<ops::SingularValues<W>> {
  ops::SingularValues<W> op;
  Matrix<double> columns;  // (N, M)  scratch
  Index count() const { return 1; }

  __device__ void operator()(Index) const {
    const bool wide = op.x.rows <= op.x.cols;
    for (Index k = 0; k < columns.rows; ++k)
      for (Index i = 0; i < columns.cols; ++i)
        columns.row(k)[i] = static_cast<double>(wide ? op.x.row(k)[i] : op.x.row(i)[k]);
    constexpr int most = 60;  // sweeps; ten are usual
    for (int sweep = 0; sweep < most && !orthogonal(); ++sweep) {
    }
    for (Index k = 0; k < columns.rows; ++k)
      insert(k, std::sqrt(inner(columns.row(k), columns.row(k))));
  }

 private:
  __device__ double inner(const double* a, const double* b) const {
    double sum = 0;
    for (Index i = 0; i < columns.cols; ++i) sum += a[i] * b[i];
    return sum;
  }

  /// Turns every pair once; true where none had to be.
  __device__ bool orthogonal() const {
    bool all = true;
    for (Index k = 0; k < columns.rows; ++k)
      for (Index l = k + 1; l < columns.rows; ++l)
        all = turn(columns.row(k), columns.row(l)) && all;
    return all;
  }
  __device__ bool turn(double* a, double* b) const {
    const double aa = inner(a, a), bb = inner(b, b), ab = inner(a, b);
    if (std::abs(ab) <= 1e-15 * std::sqrt(aa * bb)) return true;
    const double slope = (bb - aa) / (2 * ab);
    const double tangent = (slope < 0 ? -1 : 1) / (std::abs(slope) + std::sqrt(1 + slope * slope));
    const double cosine = 1 / std::sqrt(1 + tangent * tangent), sine = cosine * tangent;
    for (Index i = 0; i < columns.cols; ++i) {
      const double x = a[i], y = b[i];
      a[i] = cosine * x - sine * y;
      b[i] = sine * x + cosine * y;
    }
    return false;
  }

  /// Among the first k, in descending order.
  __device__ void insert(Index k, double value) const {
    double* values = op.values.data;
    for (; k > 0 && values[k - 1] < value; --k) values[k] = values[k - 1];
    values[k] = value;
  }
};

template <class Format, class W>
void launch(Device<Format>& device, const ops::SingularValues<W>& op) {
  const Scope scope{device.workspace()};
  const Index n = op.values.size(), m = op.x.rows + op.x.cols - n;
  const auto columns = take_as<double>(device, n, m);
  each(device, op.name, Element<ops::SingularValues<W>>{op, columns});
}

}  // namespace extrema::plain
