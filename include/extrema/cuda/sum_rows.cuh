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
  constexpr int at_once = 4;
  const ColumnPlace<n> place{op.x.cols};
  const Index column = place.column(), step = partial.rows * walk_rows;
  Pack<W, n> sum = {};
  Index row = place.block * walk_rows + place.row;
  for (; column < op.x.cols && row < op.x.rows; row += at_once * step) {
    Pack<X, n> in[at_once] = {};
#pragma unroll
    for (int i = 0; i < at_once; ++i)
      if (const Index t = row + i * step; t < op.x.rows) in[i] = load<n>(op.x.row(t) + column);
#pragma unroll
    for (int i = 0; i < at_once; ++i) {
      const auto summand = widen(in[i]);
#pragma unroll
      for (int k = 0; k < n; ++k) sum.at[k] += summand.at[k];
    }
  }
  leave_sums(place, sum, partial);
}

template <int n, class Device, class X, class W>
void run_sum_rows(Device& device, const ops::SumRows<X, W>& op) {
  if (op.x.size() == 0) return;
  const Index tiles = column_tiles<n>(op.x.cols), blocks = walk_blocks(tiles, op.x.rows);
  const Scope scope{device.workspace()};
  const auto partial = take_as<W>(device, blocks, op.x.cols);
  start(device, op.name, walk_shape(tiles, blocks), sum_rows<n, X, W>, op, partial);
  add_partial_sums<Device, W>(device, op.name, {partial, op.sum});
}

}  // namespace detail

template <class F, class P, class X, class W>
void launch(BasicDevice<F, P>& device, const ops::SumRows<X, W>& op) {
  constexpr int n = pack_size<X, W>;
  if (op.x.cols % n == 0 && in_packs<n>(op.x.data)) detail::run_sum_rows<n>(device, op);
  else detail::run_sum_rows<1>(device, op);
}

}  // namespace extrema::cuda
