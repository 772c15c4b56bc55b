// SPDX-License-Identifier: MIT
// Attention for any type and head width, without tensor cores: one block per (sequence, head) and
// tile of its tokens.   n tokens of a sequence, d = head width, r = rows of a tile
//
// All of a tile is Wide and lies in shared memory, and so do products of tiles: a thread computes
// four rows of a column at a time, so that it reads 5 numbers for 4 multiplications. Those reads
// bound these kernels: at 128 bytes a cycle an H100's multiprocessor has them do a fifth of what
// its arithmetic could.
#pragma once

#include <algorithm>
#include <cmath>
#include <extrema/cuda/ptx.cuh>

#include "extrema/core/round_up.hpp"
#include "extrema/cuda/attention_heads.cuh"
#include "extrema/cuda/device.cuh"
#include "extrema/cuda/launch.cuh"
#include "extrema/cuda/reduce.cuh"
#include "extrema/ops/attention.hpp"

namespace extrema::cuda::detail {

/// Tiles (r, d) in shared memory, and how a block works on them. Rows are an odd number of elements
/// long, so that a warp that reads a column meets all banks.
template <class W>
struct PlainTiles {
  int rows, width;

  EXTREMA_HOST_DEVICE constexpr int stride() const { return width | 1; }
  EXTREMA_HOST_DEVICE constexpr int size() const { return rows * stride(); }
  EXTREMA_HOST_DEVICE constexpr int square() const { return rows * (rows + 1); }

  /// Rows [0, count) of a head, then zeros.
  template <class S>
  __device__ void load(W* tile, HeadRows<const S> from, int count) const {
    for (int i = thread(); i < rows * width; i += threads()) {
      const int row = i / width, column = i % width;
      tile[row * stride() + column] = row < count ? static_cast<W>(from.row(row)[column]) : W{0};
    }
  }
  __device__ void clear(W* tile) const {
    for (int i = thread(); i < size(); i += threads()) tile[i] = W{0};
  }
  template <class S>
  __device__ void store(const W* tile, HeadRows<S> to, int count) const {
    for (int i = thread(); i < count * width; i += threads())
      to.row(i / width)[i % width] = static_cast<S>(tile[i / width * stride() + i % width]);
  }

  /// body(i, j, dot products of rows i to i + 3 of a with row j of b)   (r, r)
  template <class Body>
  __device__ void each_score(const W* a, const W* b, const Body& body) const {
    for (int e = thread(); e < rows * rows / 4; e += threads()) {
      const int j = e % rows, i = e / rows * 4;
      W sum[4] = {};
      for (int c = 0; c < width; ++c)
#pragma unroll
        for (int k = 0; k < 4; ++k) sum[k] += a[(i + k) * stride() + c] * b[j * stride() + c];
      body(i, j, sum);
    }
  }

  /// sums (r, d) += p (r, r) b (r, d), or pᵀ b. The same thread always adds to the same element.
  template <bool transposed>
  __device__ void add_product(const W* p, const W* b, W* sums) const {
    for (int e = thread(); e < rows * width / 4; e += threads()) {
      const int c = e % width, i = e / width * 4;
      W sum[4] = {};
      for (int j = 0; j < rows; ++j)
#pragma unroll
        for (int k = 0; k < 4; ++k)
          sum[k] += b[j * stride() + c] *
                    (transposed ? p[j * (rows + 1) + i + k] : p[(i + k) * (rows + 1) + j]);
#pragma unroll
      for (int k = 0; k < 4; ++k) sums[(i + k) * stride() + c] += sum[k];
    }
  }

  __device__ static int thread() { return static_cast<int>(threadIdx.x); }
  __device__ static int threads() { return static_cast<int>(blockDim.x); }
};

inline constexpr int plain_threads = 128;

/// One tile of keys after the other: the softmax is rescaled where a greater score comes.
/// 4 n² d operations a head on 4 n d elements.
template <class S, class W>
__global__ void __launch_bounds__(plain_threads, 4)
    attention_plain_kernel(const ops::Attention<S, W> op, const PlainTiles<W> tiles) {
  constexpr W lowest = -INFINITY;
  const int rows = tiles.rows, d = tiles.width, lane = tiles.thread() % warp_size,
            warp = tiles.thread() / warp_size, warps = tiles.threads() / warp_size;
  const HeadTile mine{op.sequences, op.heads, rows};
  if (mine.empty()) return;  // the whole block
  const W scale = W{1} / std::sqrt(static_cast<W>(d));
  W* const q = ptx::dynamic_shared<W>();                           // (r, d)
  W *const k = q + tiles.size(), *const v = k + tiles.size(),      // (r, d)
                                     *const y = v + tiles.size();  // (r, d)
  W* const p = y + tiles.size();                                   // (r, r + 1)
  W *const top = p + tiles.square(), *const sum = top + rows, *const shrink = sum + rows;  // (r)

  tiles.load(q, mine.rows_of(op.qkv, mine.begin, d), mine.count);
  tiles.clear(y);
  for (int i = tiles.thread(); i < rows; i += tiles.threads()) {
    top[i] = lowest;
    sum[i] = 0;
  }
  for (int begin = 0; begin < mine.tokens; begin += rows) {
    const int keys = mine.count_from(begin);
    tiles.load(k, mine.rows_of(op.qkv, begin, d, 1), keys);
    tiles.load(v, mine.rows_of(op.qkv, begin, d, 2), keys);
    __syncthreads();
    tiles.each_score(q, k, [&](int i, int j, const W(&score)[4]) {
#pragma unroll
      for (int r = 0; r < 4; ++r) p[(i + r) * (rows + 1) + j] = j < keys ? score[r] : lowest;
    });
    __syncthreads();
    for (int i = warp; i < rows; i += warps) {
      const W score = lane < rows ? p[i * (rows + 1) + lane] : lowest, before = top[i],
              here = warp_max(score), now = here > before ? here : before;
      const W probability = std::exp((score - now) * scale), total = warp_sum(probability);
      if (lane < rows) p[i * (rows + 1) + lane] = probability;
      __syncwarp();  // all lanes have read the row's top
      if (lane == 0) {
        shrink[i] = std::exp((before - now) * scale);
        sum[i] = sum[i] * shrink[i] + total;
        top[i] = now;
      }
    }
    __syncthreads();
    for (int e = tiles.thread(); e < rows * d / 4; e += tiles.threads())  // as add_product
#pragma unroll
      for (int r = 0; r < 4; ++r)
        y[(e / d * 4 + r) * tiles.stride() + e % d] *= shrink[e / d * 4 + r];
    tiles.template add_product<false>(p, v, y);
    __syncthreads();
  }
  for (int e = tiles.thread(); e < rows * d; e += tiles.threads())
    y[e / d * tiles.stride() + e % d] /= sum[e / d];
  __syncthreads();
  tiles.store(y, mine.rows_of(op.y, mine.begin, d), mine.count);
  for (int i = tiles.thread(); i < mine.count; i += tiles.threads())
    op.normaliser.row(mine.first + mine.begin + i)[mine.head] = top[i] * scale + std::log(sum[i]);
}

/// The tiles in shared memory that one step of backward reads and writes.
template <class W>
struct PlainBackward {
  PlainTiles<W> tiles;
  W *q, *grad_y, *k, *v, *sums, *more_sums;  // (r, d)
  W *p, *grad_p;                             // (r, r + 1)
  W *normaliser, *inner;                     // (r)

  static constexpr Index elements(PlainTiles<W> tiles) {
    return 6 * Index{tiles.size()} + 2 * tiles.square() + 2 * tiles.rows;
  }
  __device__ PlainBackward(W* memory, PlainTiles<W> tiles_of_block)
      : tiles{tiles_of_block},
        q{memory},
        grad_y{q + tiles.size()},
        k{grad_y + tiles.size()},
        v{k + tiles.size()},
        sums{v + tiles.size()},
        more_sums{sums + tiles.size()},
        p{more_sums + tiles.size()},
        grad_p{p + tiles.square()},
        normaliser{grad_p + tiles.square()},
        inner{normaliser + tiles.rows} {}

  /// Queries from `begin`, with each one's y · grad_y. Ends with a barrier.
  template <class S>
  __device__ void load_queries(const ops::AttentionBackward<S, W>& op, const HeadTile& mine,
                               int begin, int count) const {
    tiles.load(q, mine.rows_of(op.qkv, begin, tiles.width), count);
    tiles.load(grad_y, mine.rows_of(op.grad_y, begin, tiles.width), count);
    __syncthreads();
    const auto y = mine.rows_of(op.y, begin, tiles.width);
    const int lane = tiles.thread() % warp_size;
    for (int i = tiles.thread() / warp_size; i < count; i += tiles.threads() / warp_size) {
      W sum = 0;
      for (int c = lane; c < tiles.width; c += warp_size)
        sum += static_cast<W>(y.row(i)[c]) * grad_y[i * tiles.stride() + c];
      sum = warp_sum(sum);
      if (lane == 0) {
        inner[i] = sum;
        normaliser[i] = op.normaliser.row(mine.first + begin + i)[mine.head];
      }
    }
    __syncthreads();
  }

  /// Keys from `begin`. Ends with a barrier.
  template <class S>
  __device__ void load_keys(const ops::AttentionBackward<S, W>& op, const HeadTile& mine, int begin,
                            int count) const {
    tiles.load(k, mine.rows_of(op.qkv, begin, tiles.width, 1), count);
    tiles.load(v, mine.rows_of(op.qkv, begin, tiles.width, 2), count);
    __syncthreads();
  }

  /// p and grad_p from the tiles that are loaded. Ends with a barrier.
  __device__ void rebuild(int queries, int keys) const {
    const W scale = W{1} / std::sqrt(static_cast<W>(tiles.width));
    tiles.each_score(q, k, [&](int i, int j, const W(&score)[4]) {
#pragma unroll
      for (int r = 0; r < 4; ++r)
        p[(i + r) * (tiles.rows + 1) + j] =
            i + r < queries && j < keys ? std::exp(score[r] * scale - normaliser[i + r]) : W{0};
    });
    tiles.each_score(grad_y, v, [&](int i, int j, const W(&grad)[4]) {  // by the same threads
#pragma unroll
      for (int r = 0; r < 4; ++r) {
        const int at = (i + r) * (tiles.rows + 1) + j;
        grad_p[at] = i + r < queries ? p[at] * (grad[r] - inner[i + r]) * scale : W{0};
      }
    });
    __syncthreads();
  }
};

/// A block has the gradients of one tile's queries, from all keys, and then those of its keys and
/// values, from all queries. So each is a sum in a fixed order, and needs no atomics. Others' tiles
/// come in turn, its own last and then first: where it is the only one, all is read and p rebuilt
/// once, in 10 n² d operations on 8 n d elements; else 14 n² d.
template <class S, class W>
__global__ void __launch_bounds__(plain_threads, 4)
    attention_backward_plain_kernel(const ops::AttentionBackward<S, W> op,
                                    const PlainTiles<W> tiles) {
  const int rows = tiles.rows, d = tiles.width;
  const HeadTile mine{op.sequences, op.heads, rows};
  if (mine.empty()) return;  // the whole block
  const PlainBackward<W> shared{ptx::dynamic_shared<W>(), tiles};
  const int parts = divide_up(mine.tokens, rows), own = mine.begin / rows;
  const auto store = [&](const W* sums, int part) {
    tiles.store(sums, mine.rows_of(op.grad_qkv, mine.begin, d, part), mine.count);
  };

  shared.load_queries(op, mine, mine.begin, mine.count);
  tiles.clear(shared.sums);
  tiles.clear(shared.more_sums);
  for (int step = 1; step <= parts; ++step) {
    const int part = (own + step) % parts;
    shared.load_keys(op, mine, part * rows, mine.count_from(part * rows));
    shared.rebuild(mine.count, mine.count_from(part * rows));
    tiles.template add_product<false>(shared.grad_p, shared.k, shared.sums);
    __syncthreads();
  }
  store(shared.sums, 0);
  __syncthreads();

  tiles.clear(shared.sums);
  __syncthreads();
  for (int step = 0; step < parts; ++step) {
    const int part = (own + step) % parts;
    if (step > 0) {
      shared.load_queries(op, mine, part * rows, mine.count_from(part * rows));
      shared.rebuild(mine.count_from(part * rows), mine.count);
    }
    tiles.template add_product<true>(shared.grad_p, shared.q, shared.sums);
    tiles.template add_product<true>(shared.p, shared.grad_y, shared.more_sums);
    __syncthreads();
  }
  store(shared.sums, 1);
  store(shared.more_sums, 2);
}

/// The largest tiles (of at most 32 rows, a row a lane of scores) whose `elements(tiles)` fit the
/// shared memory that every card has without asking.
template <class W, class Elements>
PlainTiles<W> plain_tiles(const char* what, Index width, Index longest, const Elements& elements) {
  constexpr Index usual = 48 << 10;
  const Index needed = std::max<Index>(4, (longest + 3) / 4 * 4);
  for (const int rows : {32, 16, 8, 4}) {
    const PlainTiles<W> tiles{static_cast<int>(std::min<Index>(rows, needed)),
                              static_cast<int>(width)};
    if (elements(tiles) * Index{sizeof(W)} <= usual) return tiles;
  }
  throw Error{what, ": heads of ", width,
              " columns do not fit a GPU's shared memory: take more heads"};
}

template <class Device, class S, class W>
void launch_plain(Device& device, const ops::Attention<S, W>& op) {
  const auto elements = [](PlainTiles<W> tiles) {
    return 4 * Index{tiles.size()} + tiles.square() + 3 * tiles.rows;
  };
  const auto tiles = plain_tiles<W>(op.name, op.y.cols / op.heads, op.sequences.longest, elements);
  start(device, op.name,
        {head_tiles(op.sequences, op.heads, tiles.rows), dim3(plain_threads),
         static_cast<std::size_t>(elements(tiles)) * sizeof(W)},
        attention_plain_kernel<S, W>, op, tiles);
}

template <class Device, class S, class W>
void launch_plain(Device& device, const ops::AttentionBackward<S, W>& op) {
  const auto tiles = plain_tiles<W>(op.name, op.y.cols / op.heads, op.sequences.longest,
                                    PlainBackward<W>::elements);
  start(device, op.name,
        {head_tiles(op.sequences, op.heads, tiles.rows), dim3(plain_threads),
         static_cast<std::size_t>(PlainBackward<W>::elements(tiles)) * sizeof(W)},
        attention_backward_plain_kernel<S, W>, op, tiles);
}

}  // namespace extrema::cuda::detail
