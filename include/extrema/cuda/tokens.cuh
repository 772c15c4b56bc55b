// SPDX-License-Identifier: MIT
// Gathering patches, adding positions, class tokens, on the GPU. All move bytes; what little they
// compute hides behind that.   T tokens, S sequences, C channels, p patch
#pragma once

#include "extrema/core/round_up.hpp"
#include "extrema/cuda/device.cuh"
#include "extrema/cuda/launch.cuh"
#include "extrema/cuda/numbers.cuh"
#include "extrema/ops/tokens.hpp"

namespace extrema::cuda {

namespace detail {

inline constexpr int tokens_a_block = 8;

/// A block takes 8 tokens of a sequence; a thread takes `run` pixels of a line of a patch.
/// Reads T C p p pixels, in lines of p, and writes as many elements: memory's rate bounds it.
template <int run, class Pixel, class S, class W>
__global__ void __launch_bounds__(256) gather_kernel(const ops::GatherPatches<Pixel, S, W> op) {
  const Index s = blockIdx.x;
  const Index first = op.views.sequences.offsets[s] + Index{blockIdx.y} * tokens_a_block,
              last = op.views.sequences.offsets[s + 1];
  const int tokens =
                static_cast<int>(last - first < tokens_a_block ? last - first : tokens_a_block),
            runs = op.patch / run,                    // of a line
      pieces = op.extent.channels * op.patch * runs,  // of a token
      across = op.extent.width / op.patch, threads = static_cast<int>(blockDim.x);
  const Pixel* image = op.images + op.views.image[s] * op.extent.size();
  for (int i = static_cast<int>(threadIdx.x); i < tokens * pieces; i += threads) {
    const int token = i / pieces, piece = i % pieces, line = piece / runs,
              channel = line / op.patch, which = op.views.patch[first + token];
    const Index y = which / across * op.patch + line % op.patch,
                x = which % across * op.patch + piece % runs * run;
    const auto pixels =
        load<run>(image + (Index{channel} * op.extent.height + y) * op.extent.width + x);
    const W factor = op.affine.empty() ? W{1} : op.affine.row(channel)[0],
            shift = op.affine.empty() ? W{0} : op.affine.row(channel)[1];
    Pack<S, run> elements;
#pragma unroll
    for (int j = 0; j < run; ++j)
      elements.at[j] = static_cast<S>(static_cast<W>(pixels.at[j]) * factor + shift);
    store(op.rows.row(first + token) + Index{piece} * run, elements);
  }
}

/// The sequence of token t: the last one that begins at or before it and is not empty.
inline __device__ Index sequence_of(const Sequences& sequences, Index t) {
  Index low = 0, high = sequences.count;
  while (high - low > 1) {
    const Index middle = (low + high) / 2;
    if (sequences.offsets[middle] <= t) low = middle;
    else high = middle;
  }
  return low;
}

/// A block looks through all tokens for those that show one place of the grid, and a thread adds
/// one element of each to its pixel, in the tokens' order: the same sums as on the CPU, bit for
/// bit, and no atomics. Reads each row once, reads and writes its pixels, and besides T numbers for
/// each place and 256 columns: 0.12 GB, mostly from the cache, for 50 000 tokens, 196 places and
/// 768 columns. That bounds it where tokens are many; only tests and saliency maps ask for it.
template <class S, class Pixel>
__global__ void __launch_bounds__(256) scatter_kernel(const ops::ScatterPatches<S, Pixel> op) {
  __shared__ unsigned shows[8];  // a bit a token
  const int place = static_cast<int>(blockIdx.x), thread = static_cast<int>(threadIdx.x),
            threads = static_cast<int>(blockDim.x), patch = op.patch,
            column = static_cast<int>(blockIdx.y) * threads + thread, line = column / patch,
            across = op.extent.width / patch, y = place / across * patch + line % patch,
            x = place % across * patch + column % patch;
  const Index pixel = (Index{line / patch} * op.extent.height + y) * op.extent.width + x,
              tokens = op.views.sequences.offsets[op.views.sequences.count];
  for (Index first = 0; first < tokens; first += threads) {
    const Index mine = first + thread;
    const unsigned found =
        __ballot_sync(0xffffffffu, mine < tokens && op.views.patch[mine] == place);
    if (thread % warp_size == 0) shows[thread / warp_size] = found;
    __syncthreads();
    for (int warp = 0; warp < threads / warp_size; ++warp)
      for (unsigned left = shows[warp]; left != 0; left &= left - 1) {
        const Index t = first + warp * warp_size + __ffs(static_cast<int>(left)) - 1;
        const Index image = op.views.image[sequence_of(op.views.sequences, t)];
        if (column < op.rows.cols)
          op.images[image * op.extent.size() + pixel] += static_cast<Pixel>(op.rows.row(t)[column]);
      }
    __syncthreads();  // before the next tokens' bits are written
  }
}

/// A block a token. Reads 2 and writes 1 element a feature: memory's rate bounds it.
template <class X, class W>
__global__ void __launch_bounds__(128) add_positions_kernel(const ops::AddPositions<X, W> op) {
  const Index t = blockIdx.x;
  X* x = op.x.row(t);
  const W* position = op.table.row(op.views.patch[t]);
  for (Index i = threadIdx.x; i < op.x.cols; i += blockDim.x)
    x[i] = static_cast<X>(static_cast<W>(x[i]) + position[i]);
}

/// A block a row, which it writes: memory's rate bounds it.
template <class X, class W>
__global__ void __launch_bounds__(128) repeat_row_kernel(const ops::RepeatRow<X, W> op) {
  X* y = op.y.row(blockIdx.x);
  for (Index i = threadIdx.x; i < op.y.cols; i += blockDim.x) y[i] = static_cast<X>(op.row.data[i]);
}

inline dim3 blocks(Index x, Index y = 1) {
  return {static_cast<unsigned>(x), static_cast<unsigned>(y)};
}

}  // namespace detail

template <class F, class P, class Pixel, class S, class W>
void launch(BasicDevice<F, P>& device, const ops::GatherPatches<Pixel, S, W>& op) {
  constexpr int run = 4;
  const bool in_runs = op.patch % run == 0 && op.extent.width % run == 0 &&
                       in_packs<run>(op.images) && in_packs<run>(op.rows.data);
  const Sequences& sequences = op.views.sequences;
  const Index parts = divide_up(sequences.longest, detail::tokens_a_block);
  start(device, op.name, {detail::blocks(sequences.count, parts), dim3(256)},
        in_runs ? detail::gather_kernel<run, Pixel, S, W> : detail::gather_kernel<1, Pixel, S, W>,
        op);
}

template <class F, class P, class S, class Pixel>
void launch(BasicDevice<F, P>& device, const ops::ScatterPatches<S, Pixel>& op) {
  constexpr int threads = 256;
  if (op.views.sequences.tokens == 0) return;
  start(device, op.name,
        {detail::blocks(op.extent.grid(op.patch).size(), divide_up(op.rows.cols, threads)),
         dim3(threads)},
        detail::scatter_kernel<S, Pixel>, op);
}

template <class F, class P, class X, class W>
void launch(BasicDevice<F, P>& device, const ops::AddPositions<X, W>& op) {
  start(device, op.name, {detail::blocks(op.x.rows), dim3(128)}, detail::add_positions_kernel<X, W>,
        op);
}

template <class F, class P, class X, class W>
void launch(BasicDevice<F, P>& device, const ops::RepeatRow<X, W>& op) {
  start(device, op.name, {detail::blocks(op.y.rows), dim3(128)}, detail::repeat_row_kernel<X, W>,
        op);
}

}  // namespace extrema::cuda
