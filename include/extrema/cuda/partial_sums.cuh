// SPDX-License-Identifier: MIT
// The second half of every sum over rows: each block has left a row of partial sums, and these are
// added in a fixed order, whatever order the blocks ran in.
#pragma once

#include "extrema/core/round_up.hpp"
#include "extrema/cuda/device.cuh"
#include "extrema/cuda/launch.cuh"
#include "extrema/cuda/reduce.cuh"

namespace extrema::cuda {

/// Kernels that sum over rows take as many blocks as an H100 or H200 runs at once; on any other
/// card too, so that sums are the same there.
inline constexpr Index multiprocessors = 132;

/// Partial sums of each column, and what their total is added to.
template <class W>
struct ColumnSums {
  Matrix<const W> partial;  // (blocks, D)
  Matrix<W> to;             // (1, D)  +=
};

namespace detail {

inline constexpr int strip = 32;  // columns of a block, and rows that its threads add at a time

/// to[column] += the sum of column: thread (x, y) adds the rows y, y + 32, ..., then the block its
/// 32 sums. Partial sums are read once, by lines of 128 bytes; most lie in the second cache still.
template <class W>
__global__ void __launch_bounds__(strip* strip)
    add_columns(const ColumnSums<W> first, const ColumnSums<W> second) {
  __shared__ W sums[strip][strip + 1];
  const auto [partial, to] = blockIdx.y == 0 ? first : second;
  const int x = static_cast<int>(threadIdx.x) % strip, y = static_cast<int>(threadIdx.x) / strip;
  const Index begin = Index{blockIdx.x} * strip;
  W sum = 0;
  if (begin + x < partial.cols) {
#pragma unroll 4
    for (Index row = y; row < partial.rows; row += strip) sum += partial.row(row)[begin + x];
  }
  sums[y][x] = sum;
  __syncthreads();
  const W total = warp_sum(sums[x][y]);  // of column y of the strip
  if (x == 0 && begin + y < partial.cols) to.data[begin + y] += total;
}

/// Where a sum goes: to = factor * sum, or to += factor * sum.
struct Total {
  double* to;
  double factor = 1;
  bool accumulate = false;
};

template <int threads>
__global__ void __launch_bounds__(threads)
    add_terms(const double* terms, const Index count, const Total total) {
  double sum = 0;
  for (Index i = threadIdx.x; i < count; i += threads) sum += terms[i];
  sum = total.factor * block_sum(sum);
  if (threadIdx.x == 0) *total.to = total.accumulate ? *total.to + sum : sum;
}

}  // namespace detail

/// One or two of the same extents.
template <class Device, class W>
void add_partial_sums(Device& device, const char* what, ColumnSums<W> first,
                      ColumnSums<W> second = {}) {
  using detail::strip;
  const Index strips = divide_up(first.partial.cols, strip);
  const LaunchShape shape{dim3(static_cast<unsigned>(strips), second.to.empty() ? 1 : 2),
                          dim3(strip * strip)};
  start(device, what, shape, detail::add_columns<W>, first, second);
}

/// The sum of a few thousand terms at most, such as one of each block or row, by one block.
template <class Device>
void add_up(Device& device, const char* what, Matrix<const double> terms, detail::Total total) {
  constexpr int threads = 1024;
  start(device, what, {dim3(1), dim3(threads)}, detail::add_terms<threads>, terms.data,
        terms.size(), total);
}

}  // namespace extrema::cuda
