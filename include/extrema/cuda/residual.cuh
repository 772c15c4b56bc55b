// SPDX-License-Identifier: MIT
// Residual sums on the card.   T rows, D columns
//
// A block has 32 x 8 threads: each keeps one pack of columns, and gamma's part of it, and walks
// over rows. So gamma is read once a block, and forward moves x, branch and y (10 bytes an element
// for a float stream and a bfloat16 branch), backward grad_y, grad_branch and, for gamma, branch
// (8).
#pragma once

#include "extrema/cuda/device.cuh"
#include "extrema/cuda/launch.cuh"
#include "extrema/cuda/numbers.cuh"
#include "extrema/cuda/partial_sums.cuh"
#include "extrema/ops/residual.hpp"

namespace extrema::cuda {

namespace detail {

inline constexpr int residual_threads = 256, residual_rows = residual_threads / warp_size,
                     residual_at_once = 4,
                     residual_resident = 4;  // blocks that a multiprocessor runs at once

/// A tile is as wide as a warp's packs are.
template <int n>
__host__ __device__ constexpr Index residual_tiles(Index width) {
  return (width + warp_size * n - 1) / (warp_size * n);
}

/// Where a thread works. Blocks of neighbouring tiles are neighbours.
template <int n>
struct ResidualPlace {
  Index tile, block, row;

  __device__ explicit ResidualPlace(Index width)
      : tile{blockIdx.x % residual_tiles<n>(width)},
        block{blockIdx.x / residual_tiles<n>(width)},
        row{threadIdx.x / warp_size} {}
  __device__ Index first_column() const { return tile * warp_size * n; }
  __device__ Index column() const { return first_column() + threadIdx.x % warp_size * n; }
};

template <int n, class T>
__device__ Pack<T, n> ones() {
  Pack<T, n> result;
#pragma unroll
  for (T& value : result.at) value = 1;
  return result;
}

template <int n, class X, class S, class W>
__global__ void __launch_bounds__(residual_threads) residual(const ops::Residual<X, S, W> op) {
  const ResidualPlace<n> place{op.x.cols};
  const Index column = place.column();
  if (column >= op.x.cols) return;
  const auto gamma = op.gamma.empty() ? ones<n, W>() : load<n>(op.gamma.data + column);
  const Index first = place.block * (residual_rows * residual_at_once) + place.row;
  Pack<X, n> x[residual_at_once];
  Pack<S, n> branch[residual_at_once];
#pragma unroll
  for (int i = 0; i < residual_at_once; ++i)
    if (const Index row = first + i * residual_rows; row < op.x.rows) {
      x[i] = load<n>(op.x.row(row) + column);
      branch[i] = load<n>(op.branch.row(row) + column);
    }
#pragma unroll
  for (int i = 0; i < residual_at_once; ++i)
    if (const Index row = first + i * residual_rows; row < op.x.rows) {
      const W scale = op.scale.empty() ? W{1} : op.scale.data[row];
      auto sum = widen(x[i]);
      const auto summand = widen(branch[i]);
#pragma unroll
      for (int k = 0; k < n; ++k) sum.at[k] += scale * summand.at[k] * gamma.at[k];
      store(op.y.row(row) + column, narrow<X>(sum));
    }
}

/// Where there is a gamma: row `block` of partial (blocks, D) gets the sum over the block's rows.
template <int n, class X, class S, class W>
__global__ void __launch_bounds__(residual_threads, residual_resident)
    residual_backward(const ops::ResidualBackward<X, S, W> op, const Matrix<W> partial) {
  constexpr int at_once = 2;
  __shared__ W sums[residual_rows][warp_size * n];
  const ResidualPlace<n> place{op.grad_y.cols};
  const Index column = place.column();
  const Index step = partial.rows * residual_rows;
  const bool learns = !op.gamma.empty(), inside = column < op.grad_y.cols;
  const auto gamma = inside && learns ? load<n>(op.gamma.data + column) : ones<n, W>();
  Pack<W, n> sum = {};
  Index row = place.block * residual_rows + place.row;
  for (; inside && row < op.grad_y.rows; row += at_once * step) {
    Pack<X, n> grad_y[at_once];
    Pack<S, n> branch[at_once] = {};
#pragma unroll
    for (int i = 0; i < at_once; ++i)
      if (const Index t = row + i * step; t < op.grad_y.rows) {
        grad_y[i] = load<n>(op.grad_y.row(t) + column);
        if (learns) branch[i] = load<n>(op.branch.row(t) + column);
      }
#pragma unroll
    for (int i = 0; i < at_once; ++i)
      if (const Index t = row + i * step; t < op.grad_y.rows) {
        const W scale = op.scale.empty() ? W{1} : op.scale.data[t];
        auto grad = widen(grad_y[i]);
        const auto factor = widen(branch[i]);
#pragma unroll
        for (int k = 0; k < n; ++k) {
          grad.at[k] *= scale;
          sum.at[k] += grad.at[k] * factor.at[k];
          grad.at[k] *= gamma.at[k];
        }
        store(op.grad_branch.row(t) + column, narrow<S>(grad));
      }
  }
  if (!learns) return;  // no thread of the grid
  const Index lane = threadIdx.x % warp_size;
#pragma unroll
  for (int k = 0; k < n; ++k) sums[place.row][lane * n + k] = sum.at[k];
  __syncthreads();
  const Index mine = place.first_column() + threadIdx.x;
  if (threadIdx.x >= warp_size * n || mine >= op.grad_y.cols) return;
  W total = 0;
  for (int i = 0; i < residual_rows; ++i) total += sums[i][threadIdx.x];
  partial.row(place.block)[mine] = total;
}

inline LaunchShape residual_shape(Index tiles, Index blocks) {
  return {dim3(static_cast<unsigned>(tiles * blocks)), dim3(residual_threads)};
}

template <int n, class Device, class X, class S, class W>
void run_residual(Device& device, const ops::Residual<X, S, W>& op) {
  constexpr Index share = residual_rows * residual_at_once;
  start(device, op.name,
        residual_shape(residual_tiles<n>(op.x.cols), (op.x.rows + share - 1) / share),
        residual<n, X, S, W>, op);
}

/// As many blocks as run at once, unless there are fewer rows.
template <int n, class Device, class X, class S, class W>
void run_residual_backward(Device& device, const ops::ResidualBackward<X, S, W>& op) {
  const Index width = op.grad_y.cols, tiles = residual_tiles<n>(width);
  if (op.grad_y.size() == 0) return;
  const Index most = std::max<Index>(residual_resident * multiprocessors / tiles, 1),
              blocks = std::min((op.grad_y.rows + residual_rows - 1) / residual_rows, most);
  const Scope scope{device.workspace()};
  const bool learns = !op.gamma.empty();
  const auto partial = learns ? take_as<W>(device, blocks, width) : Matrix<W>{nullptr, blocks, 0};
  start(device, op.name, residual_shape(tiles, blocks), residual_backward<n, X, S, W>, op, partial);
  if (learns) add_partial_sums<Device, W>(device, op.name, {partial, op.grad_gamma});
}

}  // namespace detail

template <class F, class P, class X, class S, class W>
void launch(BasicDevice<F, P>& device, const ops::Residual<X, S, W>& op) {
  constexpr int n = pack_size<X, S>;
  const bool packed = op.x.cols % n == 0 && in_packs<n>(op.x.data, op.y.data) &&
                      in_packs<n>(op.branch.data) && in_packs<n>(op.gamma.data);
  if (packed) detail::run_residual<n>(device, op);
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
