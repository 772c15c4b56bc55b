// SPDX-License-Identifier: MIT
// Attention's backward on tensor cores.   n tokens of a sequence, d = head width, S = bfloat16
// or float16
#pragma once

#include <cmath>

#include "extrema/core/round_up.hpp"
#include "extrema/cuda/attention_tiles.cuh"
#include "extrema/ops/attention.hpp"

namespace extrema::cuda::detail {

/// A block has up to 64 tokens of one (sequence, head), a warp a strip of 16: first the gradients
/// of the strip's queries, from all keys in turn, then those of its keys and values, from all
/// queries. So each is a sum in a fixed order, needs no atomics, and nothing of size n² leaves the
/// block. The block's own tile comes last and then first: up to 64 tokens all is read once and no
/// score computed twice, as those of a tile wait in shared memory.
/// 10 n² d operations a head (14 where there are several tiles) on 8 n d elements of 2 bytes, that
/// is 0.6 n (0.9 n) a byte: up to some 300 tokens memory's rate bounds it on an H100.
template <class S, int d>
class BackwardBlock {
 public:
  using Op = ops::AttentionBackward<S, float>;
  static constexpr int most_rows = 64, tile_rows = 64;
  static constexpr int blocks = 4;  // of 4 warps that share the registers

  static constexpr int warps(int rows) { return rows / strip_rows; }
  static constexpr std::size_t shared_bytes(int rows) {
    return static_cast<std::size_t>(rows) * (sizeof(S) * (4 * d + 2 * tile_rows) + sizeof(float));
  }

  __device__ BackwardBlock(const Op& op, const HeadTile& mine)
      : op_{op},
        mine_{mine},
        q_{ptx::dynamic_shared<S>()},
        grad_y_{q_ + mine.rows * d},
        k_{grad_y_ + mine.rows * d},
        v_{k_ + mine.rows * d},
        p_{v_ + mine.rows * d},
        grad_scores_{p_ + mine.rows * tile_rows},
        inner_{reinterpret_cast<float*>(grad_scores_ + mine.rows * tile_rows)} {}

  __device__ void run() {
    queries();
    __syncthreads();
    keys();
  }

 private:
  /// Whether this warp has a strip in the tile from `begin` on.
  __device__ bool works(int begin) const { return own_strip() < mine_.count_from(begin); }

  /// The first token of the tile that comes `step` after the block's own, around the end.
  __device__ int around(int step) const {
    const int tiles = divide_up(mine_.tokens, mine_.rows);
    return (mine_.begin / mine_.rows + step) % tiles * mine_.rows;
  }

  __device__ void fetch_keys(int begin) const {
    fetch<d>(k_, mine_.rows_of(op_.qkv, begin, d, 1), mine_.count_from(begin));
    fetch<d>(v_, mine_.rows_of(op_.qkv, begin, d, 2), mine_.count_from(begin));
  }
  __device__ static void wait_for_tiles() {
    ptx::end_copy_group();
    ptx::wait_for_copies<0>();
    __syncthreads();
  }
  /// With each query's log-sum-exp, to base two, and y · grad_y of this warp's strip. Its y, which
  /// nothing else needs, comes to registers while the tiles are under way.
  __device__ void fetch_queries(int begin) {
    fetch<d>(q_, mine_.rows_of(op_.qkv, begin, d), mine_.count_from(begin));
    fetch<d>(grad_y_, mine_.rows_of(op_.grad_y, begin, d), mine_.count_from(begin));
    constexpr int lanes = d / pack, rows = warp_size / lanes;  // at a time
    const int lane = ptx::unknown(lane_of_warp()), strip = ptx::unknown(own_strip()),
              count = mine_.count_from(begin), column = lane % lanes * pack;
    const auto from = mine_.rows_of(op_.y, begin, d);
    Pack<S, pack> y[strip_rows / rows] = {};
#pragma unroll
    for (int i = 0; i < strip_rows / rows; ++i) {
      const int row = strip + i * rows + lane / lanes;
      if (row < count) y[i] = load<pack>(from.row(row) + column);
    }
#pragma unroll
    for (int i = 0; i < 2; ++i) {
      const int row = strip + lane / 4 + 8 * i;
      normaliser_of_[i] =
          row < count ? op_.normaliser.row(mine_.first + begin + row)[mine_.head] * log2_of_e : 0;
    }
    wait_for_tiles();
    if (!works(begin)) return;
#pragma unroll
    for (int i = 0; i < strip_rows / rows; ++i) {
      const int row = strip + i * rows + lane / lanes;
      const auto a = widen(y[i]), b = widen(load<pack>(grad_y_ + place<d>(row, column)));
      float sum = 0;
#pragma unroll
      for (int c = 0; c < pack; ++c) sum += a.at[c] * b.at[c];
#pragma unroll
      for (int offset = lanes / 2; offset > 0; offset /= 2)
        sum += __shfl_xor_sync(0xffffffffu, sum, offset);
      if (column == 0) inner_[row] = sum;
    }
    __syncwarp();
#pragma unroll
    for (int i = 0; i < 2; ++i) inner_of_[i] = inner_[strip + lane / 4 + 8 * i];
  }

  /// The probabilities of this warp's queries and `count` keys, and the gradients of their scores:
  /// for keys(), and for add(gradients, key), 16 keys at a time.
  template <class Add>
  __device__ void weigh(int count, const Add& add) const {
    const float scale = 1 / sqrtf(static_cast<float>(d));
    const int lane = ptx::unknown(lane_of_warp()), strip = ptx::unknown(own_strip());
    Strip<d> q;  // grad_y's, too, would take more registers than there are for 16 warps
    q.load(q_ + strip * d, lane);
    for (int key = 0; key < count; key += strip_rows) {
      float p[2][4], grad[2][4];  // (16, 16)
      multiply_transposed<d>(q, k_ + key * d, p[0], p[1], lane);
      Strip<d> grad_y;
      grad_y.load(grad_y_ + strip * d, lane);
      multiply_transposed<d>(grad_y, v_ + key * d, grad[0], grad[1], lane);
#pragma unroll
      for (int i = 0; i < 8; ++i) {
        float &score = p[i / 4][i % 4], &of_p = grad[i / 4][i % 4];
        score = ptx::exp2(score * (scale * log2_of_e) - normaliser_of_[i / 2 % 2]);
        of_p = score * (of_p - inner_of_[i / 2 % 2]) * scale;
        if (key + i / 4 * 8 + lane % 4 * 2 + i % 2 >= count) of_p = 0;  // it may be no number
      }
      keep(round_weights<S>(p[0], p[1]), p_ + strip * tile_rows, key, lane);
      const Weights grad_scores = round_weights<S>(grad[0], grad[1]);
      keep(grad_scores, grad_scores_ + strip * tile_rows, key, lane);
      add(grad_scores, key, lane);
    }
  }
  /// Weights of this warp's queries and the keys from `key` on become part of a tile.
  __device__ static void keep(const Weights& weights, S* tile, int key, int lane) {
#pragma unroll
    for (int i = 0; i < 4; ++i)
      store(tile + place<tile_rows>(lane / 4 + i % 2 * 8, key + i / 2 * 8) + lane % 4 * 2,
            __builtin_bit_cast(Two, weights.parts[i]));
  }
  /// Those of the queries from `query` on and this warp's keys, transposed.
  __device__ static Weights kept(const S* tile, int query, int lane) {
    Weights weights;
    ptx::load_transposed(weights.parts, tile + place<tile_rows>(query + lane % 8 + lane / 16 * 8,
                                                                own_strip() + lane / 8 % 2 * 8));
    return weights;
  }

  /// grad_q (16, d) += grad_scores k, one tile of keys after the other.
  __device__ void queries() {
    StripSums<d> grad_q;
    const auto add = [&](const Weights& grad_scores, int key, int lane) {
      grad_q.add_product(grad_scores, k_ + key * d, lane);
    };
    fetch_keys(around(1));
    fetch_queries(mine_.begin);
    for (int step = 1;; ++step) {
      const int begin = around(step);
      if (works(mine_.begin)) weigh(mine_.count_from(begin), add);
      if (begin == mine_.begin) break;  // its own keys stay where they are
      __syncthreads();
      fetch_keys(around(step + 1));
      wait_for_tiles();
    }
    if (works(mine_.begin)) write(grad_q, 0);
  }

  /// grad_v (16, d) += pᵀ grad_y and grad_k += grad_scoresᵀ q, one tile of queries after the other.
  /// Queries behind the last one have p = 1, which multiplies zeros.
  __device__ void keys() {
    StripSums<d> grad_k, grad_v;
    for (int step = 0;; ++step) {
      const int count = mine_.count_from(around(step)), next = around(step + 1),
                lane = ptx::unknown(lane_of_warp());
      for (int query = 0; works(mine_.begin) && query < count; query += strip_rows) {
        grad_v.add_product(kept(p_, query, lane), grad_y_ + query * d, lane);
        grad_k.add_product(kept(grad_scores_, query, lane), q_ + query * d, lane);
      }
      if (next == mine_.begin) break;
      __syncthreads();
      fetch_queries(next);
      if (works(next)) weigh(mine_.count, [](const Weights&, int, int) {});
      __syncthreads();
    }
    if (works(mine_.begin)) {
      write(grad_k, 1);
      write(grad_v, 2);
    }
  }

  __device__ void write(const StripSums<d>& sums, int part) const {
    const int strip = own_strip(),
              count = mine_.count - strip < strip_rows ? mine_.count - strip : strip_rows;
    sums.store(mine_.rows_of(op_.grad_qkv, mine_.begin + strip, d, part), count);
  }

  using Two = Pack<S, 2>;

  const Op& op_;
  const HeadTile& mine_;
  S *q_, *grad_y_, *k_, *v_;              // (rows, d)
  S *p_, *grad_scores_;                   // (rows, 64)  a row is a query
  float* inner_;                          // (rows)
  float normaliser_of_[2], inner_of_[2];  // of this lane's two queries
};

template <class S, int d>
__global__ void __launch_bounds__(BackwardBlock<S, d>::warps(BackwardBlock<S, d>::most_rows) *
                                      warp_size,
                                  BackwardBlock<S, d>::blocks)
    attention_backward_kernel(const ops::AttentionBackward<S, float> op, int rows) {
  const HeadTile mine{op.sequences, op.heads, rows};
  if (!mine.empty()) BackwardBlock<S, d>{op, mine}.run();
}

}  // namespace extrema::cuda::detail
