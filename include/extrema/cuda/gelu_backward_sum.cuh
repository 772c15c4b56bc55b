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
  constexpr int at_once = 2;
  const ColumnPlace<n> place{op.x.cols};
  const Index column = place.column(), step = partial.rows * walk_rows;
  Pack<W, n> sum = {};
  Index row = place.block * walk_rows + place.row;
  for (; column < op.x.cols && row < op.x.rows; row += at_once * step) {
    Pack<S, n> x[at_once], grad_y[at_once];
#pragma unroll
    for (int i = 0; i < at_once; ++i)
      if (const Index t = row + i * step; t < op.x.rows) {
        x[i] = load<n>(op.x.row(t) + column);
        grad_y[i] = load<n>(op.grad_y.row(t) + column);
      }
#pragma unroll
    for (int i = 0; i < at_once; ++i)
      if (const Index t = row + i * step; t < op.x.rows) {
        const auto grad = narrow<S>(gelu_gradient<S>(widen(x[i]), widen(grad_y[i])));
        store(op.grad_x.tensor.row(t) + column, grad);
        const auto summand = widen(grad);
#pragma unroll
        for (int k = 0; k < n; ++k) sum.at[k] += summand.at[k];
      }
  }
  leave_sums(place, sum, partial);
}

template <int n, class Device, class S, class W>
void run_gelu_backward_sum(Device& device, const ops::GeluBackwardSum<S, W>& op) {
  const Matrix<const S> x = op.gelu.x;
  if (x.size() == 0) return;
  const Index tiles = column_tiles<n>(x.cols), blocks = walk_blocks(tiles, x.rows);
  const Scope scope{device.workspace()};
  const auto partial = take_as<W>(device, blocks, x.cols);
  start(device, op.name, walk_shape(tiles, blocks), gelu_backward_sum<n, S, W>, op.gelu, partial);
  add_partial_sums<Device, W>(device, op.name, {partial, op.sum.sum});
}

}  // namespace detail

template <class F, class P, class S, class W>
void launch(BasicDevice<F, P>& device, const ops::GeluBackwardSum<S, W>& op) {
  constexpr int n = pack_size<S>;
  if (op.gelu.x.cols % n == 0 &&
      in_packs<n>(op.gelu.x.data, op.gelu.grad_y.data, reading(op.gelu.grad_x.tensor).data))
    detail::run_gelu_backward_sum<n>(device, op);
  else detail::run_gelu_backward_sum<1>(device, op);
}

}  // namespace extrema::cuda
