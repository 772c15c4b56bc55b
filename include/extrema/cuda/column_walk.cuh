// SPDX-License-Identifier: MIT
// Kernels whose threads keep to their columns and walk down the rows.   T rows, D columns
//
// A block has 32 x 8 threads, each with one pack of n columns and every 8th of the block's rows. So
// what belongs to a column (a factor, a sum) stays in registers, and a row is read by lines.
#pragma once

#include "extrema/core/round_up.hpp"
#include "extrema/cuda/launch.cuh"
#include "extrema/cuda/numbers.cuh"
#include "extrema/cuda/partial_sums.cuh"

namespace extrema::cuda::detail {

inline constexpr int walk_threads = 256, walk_rows = walk_threads / warp_size,
                     walk_resident = 4;  // blocks that a multiprocessor runs at once

/// A tile is as wide as a warp's packs are.
template <int n>
__host__ __device__ constexpr Index column_tiles(Index width) {
  return divide_up(width, warp_size * n);
}

/// Where a thread works. Blocks of neighbouring tiles are neighbours.
template <int n>
struct ColumnPlace {
  Index tile, block, row;

  __device__ explicit ColumnPlace(Index width)
      : tile{blockIdx.x % column_tiles<n>(width)},
        block{blockIdx.x / column_tiles<n>(width)},
        row{threadIdx.x / warp_size} {}
  __device__ Index first_column() const { return tile * warp_size * n; }
  __device__ Index column() const { return first_column() + threadIdx.x % warp_size * n; }
};

/// Calls use(row, read(row)) for this thread's rows, `at_once` of which are read before the first
/// is used. `blocks` share the rows of a tile.
template <int at_once, int n, class Read, class Use>
__device__ void walk_down(const ColumnPlace<n>& place, Index rows, Index blocks, const Read& read,
                          const Use& use) {
  const Index step = blocks * walk_rows;
  for (Index row = place.block * walk_rows + place.row; row < rows; row += at_once * step) {
    decltype(read(row)) in[at_once] = {};
#pragma unroll
    for (int i = 0; i < at_once; ++i)
      if (const Index t = row + i * step; t < rows) in[i] = read(t);
#pragma unroll
    for (int i = 0; i < at_once; ++i)
      if (const Index t = row + i * step; t < rows) use(t, in[i]);
  }
}

/// Row `block` of partial (blocks, D) gets the sums of the block's threads, in the order of their
/// rows.
template <int n, class W>
__device__ void leave_sums(const ColumnPlace<n>& place, const Pack<W, n>& sum,
                           const Matrix<W>& partial) {
  static_assert(warp_size * n <= walk_threads, "a thread writes one column of the tile");
  __shared__ W sums[walk_rows][warp_size * n];
  const Index lane = threadIdx.x % warp_size;
#pragma unroll
  for (int k = 0; k < n; ++k) sums[place.row][lane * n + k] = sum.at[k];
  __syncthreads();
  const Index mine = place.first_column() + threadIdx.x;
  if (threadIdx.x >= warp_size * n || mine >= partial.cols) return;
  W total = 0;
  for (int i = 0; i < walk_rows; ++i) total += sums[i][threadIdx.x];
  partial.row(place.block)[mine] = total;
}

inline LaunchShape walk_shape(Index tiles, Index blocks) {
  return {dim3(static_cast<unsigned>(tiles * blocks)), dim3(walk_threads)};
}

/// For one tile: as many blocks as run at once, unless there are fewer rows.
inline Index walk_blocks(Index tiles, Index rows) {
  const Index most = std::max<Index>(walk_resident * multiprocessors / tiles, 1);
  return std::min(divide_up(rows, walk_rows), most);
}

/// sum += what `kernel` adds up of each column of x: it is started with op and its blocks' partial
/// sums.
template <int n, class Device, class Operation, class X, class W>
void run_column_sums(Device& device, const char* what,
                     void (*kernel)(const Operation, const Matrix<W>), const Operation& op,
                     Matrix<const X> x, Matrix<W> sum) {
  if (x.size() == 0) return;
  const Index tiles = column_tiles<n>(x.cols), blocks = walk_blocks(tiles, x.rows);
  const Scope scope{device.workspace()};
  const auto partial = take_as<W>(device, blocks, x.cols);
  start(device, what, walk_shape(tiles, blocks), kernel, op, partial);
  add_partial_sums<Device, W>(device, what, {partial, sum});
}

}  // namespace extrema::cuda::detail
