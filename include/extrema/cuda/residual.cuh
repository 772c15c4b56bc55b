// SPDX-License-Identifier: MIT
// Residual sums on the card.   T rows, D columns
//
// gamma is read once a block (column_walk.cuh), and forward moves x, branch and y (10 bytes an
// element for a float stream and a bfloat16 branch), backward grad_y, grad_branch and, for gamma,
// branch (8).
#pragma once

#include "extrema/core/round_up.hpp"
#include "extrema/cuda/column_walk.cuh"
#include "extrema/cuda/device.cuh"
#include "extrema/ops/residual.hpp"

namespace extrema::cuda {

namespace detail {

inline constexpr int residual_at_once = 4;

template <int n, class T>
__device__ Pack<T, n> ones() {
  Pack<T, n> result;
#pragma unroll
  for (T& value : result.at) value = 1;
  return result;
}

template <int n, class X, class S, class W>
__device__ Pack<X, n> residual_sum(const Pack<X, n>& x, const Pack<S, n>& branch, W scale,
                                   const Pack<W, n>& gamma) {
  auto sum = widen(x);
  const auto summand = widen(branch);
#pragma unroll
  for (int k = 0; k < n; ++k) sum.at[k] += scale * summand.at[k] * gamma.at[k];
  return narrow<X>(sum);
}

template <int n, class X, class S, class W>
__global__ void __launch_bounds__(walk_threads) residual(const ops::Residual<X, S, W> op) {
  const ColumnPlace<n> place{op.x.cols};
  const Index column = place.column();
  if (column >= op.x.cols) return;
  const auto gamma = op.gamma.empty() ? ones<n, W>() : load<n>(op.gamma.data + column);
  const Index first = place.block * (walk_rows * residual_at_once) + place.row;
  Pack<X, n> x[residual_at_once];
  Pack<S, n> branch[residual_at_once];
#pragma unroll
  for (int i = 0; i < residual_at_once; ++i)
    if (const Index row = first + i * walk_rows; row < op.x.rows) {
      x[i] = load<n>(op.x.row(row) + column);
      branch[i] = load<n>(op.branch.row(row) + column);
    }
#pragma unroll
  for (int i = 0; i < residual_at_once; ++i)
    if (const Index row = first + i * walk_rows; row < op.x.rows)
      store(op.y.row(row) + column,
            residual_sum(x[i], branch[i], op.scale.empty() ? W{1} : op.scale.data[row], gamma));
}

/// Where there is a gamma: row `block` of partial (blocks, D) gets the sum over the block's rows.
template <int n, class X, class S, class W>
__global__ void __launch_bounds__(walk_threads, walk_resident)
    residual_backward(const ops::ResidualBackward<X, S, W> op, const Matrix<W> partial) {
  struct In {
    Pack<X, n> grad_y;
    Pack<S, n> branch;
  };
  const ColumnPlace<n> place{op.grad_y.cols};
  const Index column = place.column();
  const bool learns = !op.gamma.empty(), inside = column < op.grad_y.cols;
  const auto gamma = inside && learns ? load<n>(op.gamma.data + column) : ones<n, W>();
  Pack<W, n> sum = {};
  if (inside)
    walk_down<2>(
        place, op.grad_y.rows, partial.rows,
        [&](Index row) {
          In in{load<n>(op.grad_y.row(row) + column), {}};
          if (learns) in.branch = load<n>(op.branch.row(row) + column);
          return in;
        },
        [&](Index row, const In& in) {
          const W scale = op.scale.empty() ? W{1} : op.scale.data[row];
          auto grad = widen(in.grad_y);
          const auto factor = widen(in.branch);
#pragma unroll
          for (int k = 0; k < n; ++k) {
            grad.at[k] *= scale;
            sum.at[k] += grad.at[k] * factor.at[k];
            grad.at[k] *= gamma.at[k];
          }
          store(op.grad_branch.row(row) + column, narrow<S>(grad));
        });
  if (!learns) return;  // no thread of the grid
  leave_sums(place, sum, partial);
}

template <int n, class Device, class X, class S, class W>
void run_residual(Device& device, const ops::Residual<X, S, W>& op) {
  constexpr Index share = walk_rows * residual_at_once;
  start(device, op.name, walk_shape(column_tiles<n>(op.x.cols), divide_up(op.x.rows, share)),
        residual<n, X, S, W>, op);
}

template <int n, class Device, class X, class S, class W>
void run_residual_backward(Device& device, const ops::ResidualBackward<X, S, W>& op) {
  const Index width = op.grad_y.cols, tiles = column_tiles<n>(width);
  if (op.grad_y.size() == 0) return;
  const Index blocks = walk_blocks(tiles, op.grad_y.rows);
  const Scope scope{device.workspace()};
  const bool learns = !op.gamma.empty();
  const auto partial = learns ? take_as<W>(device, blocks, width) : Matrix<W>{nullptr, blocks, 0};
  start(device, op.name, walk_shape(tiles, blocks), residual_backward<n, X, S, W>, op, partial);
  if (learns) add_partial_sums<Device, W>(device, op.name, {partial, op.grad_gamma});
}

template <int n, class X, class S, class W>
bool residual_in_packs(const ops::Residual<X, S, W>& op) {
  return op.x.cols % n == 0 && in_packs<n>(op.x.data, op.y.data) && in_packs<n>(op.branch.data) &&
         in_packs<n>(op.gamma.data);
}

}  // namespace detail

template <class F, class P, class X, class S, class W>
void launch(BasicDevice<F, P>& device, const ops::Residual<X, S, W>& op) {
  constexpr int n = pack_size<X, S>;
  if (detail::residual_in_packs<n>(op)) detail::run_residual<n>(device, op);
  else detail::run_residual<1>(device, op);
}

template <class F, class P, class X, class S, class W>
void launch(BasicDevice<F, P>& device, const ops::ResidualBackward<X, S, W>& op) {
  constexpr int n = pack_size<X, S>;
  const bool packed = op.grad_y.cols % n == 0 && in_packs<n>(op.grad_y.data) &&
                      in_packs<n>(op.branch.data, op.grad_branch.data) &&
                      in_packs<n>(op.gamma.data);
  if (packed) detail::run_residual_backward<n>(device, op);
  else detail::run_residual_backward<1>(device, op);
}

}  // namespace extrema::cuda
