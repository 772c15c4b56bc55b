// SPDX-License-Identifier: MIT
// GELU's gradient and the sums over its rows on the card: what GeluBackward moves, 6 bytes an
// element in bfloat16. (Apart, the sums would read 2 more.)
#pragma once

#include "extrema/cuda/column_walk.cuh"
#include "extrema/cuda/gelu.cuh"
#include "extrema/ops/gelu_backward_sum.hpp"

namespace extrema::cuda {

namespace detail {

template <int n, class S, class W>
__global__ void __launch_bounds__(walk_threads, walk_resident)
    gelu_backward_sum(const ops::GeluBackward<S> op, const Matrix<W> partial) {
  struct In {
    Pack<S, n> x, grad_y;
  };
  const ColumnPlace<n> place{op.x.cols};
  const Index column = place.column();
  Pack<W, n> sum = {};
  if (column < op.x.cols)
    walk_down<2>(
        place, op.x.rows, partial.rows,
        [&](Index row) {
          return In{load<n>(op.x.row(row) + column), load<n>(op.grad_y.row(row) + column)};
        },
        [&](Index row, const In& in) {
          const auto grad = narrow<S>(gelu_gradient<S>(widen(in.x), widen(in.grad_y)));
          store(op.grad_x.tensor.row(row) + column, grad);
          const auto summand = widen(grad);
#pragma unroll
          for (int k = 0; k < n; ++k) sum.at[k] += summand.at[k];
        });
  leave_sums(place, sum, partial);
}

}  // namespace detail

template <class F, class P, class S, class W>
void launch(BasicDevice<F, P>& device, const ops::GeluBackwardSum<S, W>& op) {
  constexpr int n = pack_size<S>;
  const auto& [x, grad_y, grad_x] = op.gelu;
  if (x.cols % n == 0 && in_packs<n>(x.data, grad_y.data, reading(grad_x.tensor).data))
    detail::run_column_sums<n>(device, op.name, detail::gelu_backward_sum<n, S, W>, op.gelu, x,
                               op.sum.sum);
  else
    detail::run_column_sums<1>(device, op.name, detail::gelu_backward_sum<1, S, W>, op.gelu, x,
                               op.sum.sum);
}

}  // namespace extrema::cuda
