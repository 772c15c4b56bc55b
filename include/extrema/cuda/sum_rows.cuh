// SPDX-License-Identifier: MIT
// Sums over rows on the card, such as the gradient of a bias: each element is read once, and
// memory's rate bounds it. (cuBLASLt would add them on its way through a product; it starts a
// kernel of its own for it, at a third of memory's rate on an H200.)
#pragma once

#include "extrema/cuda/column_walk.cuh"
#include "extrema/cuda/device.cuh"
#include "extrema/ops/tokens.hpp"

namespace extrema::cuda {

namespace detail {

template <int n, class X, class W>
__global__ void __launch_bounds__(walk_threads, walk_resident)
    sum_rows(const ops::SumRows<X, W> op, const Matrix<W> partial) {
  const ColumnPlace<n> place{op.x.cols};
  const Index column = place.column();
  Pack<W, n> sum = {};
  if (column < op.x.cols)
    walk_down<4>(
        place, op.x.rows, partial.rows, [&](Index row) { return load<n>(op.x.row(row) + column); },
        [&](Index, const Pack<X, n>& in) {
          const auto summand = widen(in);
#pragma unroll
          for (int k = 0; k < n; ++k) sum.at[k] += summand.at[k];
        });
  leave_sums(place, sum, partial);
}

}  // namespace detail

template <class F, class P, class X, class W>
void launch(BasicDevice<F, P>& device, const ops::SumRows<X, W>& op) {
  constexpr int n = pack_size<X, W>;
  if (op.x.cols % n == 0 && in_packs<n>(op.x.data))
    detail::run_column_sums<n>(device, op.name, detail::sum_rows<n, X, W>, op, op.x, op.sum);
  else detail::run_column_sums<1>(device, op.name, detail::sum_rows<1, X, W>, op, op.x, op.sum);
}

}  // namespace extrema::cuda
