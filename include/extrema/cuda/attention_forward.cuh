// SPDX-License-Identifier: MIT
// Attention's forward on tensor cores.   n tokens of a sequence, d = head width, S = bfloat16
// or float16
#pragma once

#include <cmath>

#include "extrema/core/round_up.hpp"
#include "extrema/cuda/attention_tiles.cuh"
#include "extrema/ops/attention.hpp"

namespace extrema::cuda::detail {

/// A warp's 16 queries: their weighted sums of values, over all keys so far.
template <class S, int d>
class QueryStrip {
 public:
  using Scores = float[2][4];  // (16, 16)

  __device__ void load(const S* queries) { q_.load(queries); }

  /// The probabilities of up to 16 keys, but for the factor that all keys together decide.
  __device__ void weigh(const S* keys, int count, Scores& p) {
    constexpr float lowest = -INFINITY;
    multiply_transposed<d>(q_, keys, p[0], p[1]);
    if (count < strip_rows) {
      const int column = lane_of_warp() % 4 * 2;
#pragma unroll
      for (int i = 0; i < 8; ++i)
        if (i / 4 * 8 + column + i % 2 >= count) p[i / 4][i % 4] = lowest;
    }
    rescale(p);
    const float scale = to_base_two(), shift[2] = {top_[0] * scale, top_[1] * scale};
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      float& weight = p[i / 4][i % 4];
      weight = ptx::exp2(weight * scale - shift[i / 2 % 2]);
      sum_[i / 2 % 2] += weight;
    }
  }

  __device__ void add(const S* values, const Scores& p) {
    y_.add_product(round_weights<S>(p[0], p[1]), values);
  }

  /// log-sum-exp of the scaled scores of rows lane / 4 and lane / 4 + 8; y becomes the mean. (16,
  /// d)
  __device__ const StripSums<d>& finish(float (&normaliser)[2]) {
    float factor[2];
#pragma unroll
    for (int row = 0; row < 2; ++row) {
      const float sum = quad_sum(sum_[row]);
      factor[row] = 1 / sum;
      normaliser[row] = top_[row] / sqrtf(static_cast<float>(d)) + logf(sum);
    }
    y_.scale(factor);
    return y_;
  }

 private:
  /// exp(score / √d) = 2^(score * this).
  __device__ static float to_base_two() { return log2_of_e / sqrtf(static_cast<float>(d)); }

  /// Sums are in units of e^top, which follows the greatest score where that is far ahead: factors
  /// of up to 2^8 harm no sum, and so hardly anything is multiplied again after the first keys.
  __device__ void rescale(const Scores& scores) {
    const float far = 8 / to_base_two();
    float now[2] = {top_[0], top_[1]};
#pragma unroll
    for (int i = 0; i < 8; ++i) now[i / 2 % 2] = fmaxf(now[i / 2 % 2], scores[i / 4][i % 4]);
    if (!__any_sync(0xffffffffu, now[0] > top_[0] + far || now[1] > top_[1] + far)) return;
    float shrink[2];
#pragma unroll
    for (int row = 0; row < 2; ++row) {
      now[row] = quad_max(now[row]);
      shrink[row] = ptx::exp2((top_[row] - now[row]) * to_base_two());
      top_[row] = now[row];
      sum_[row] *= shrink[row];
    }
    y_.scale(shrink);
  }

  Strip<d> q_;
  StripSums<d> y_;
  float top_[2] = {-INFINITY, -INFINITY};
  float sum_[2] = {};  // of what this lane has of its two rows
};

/// A block has one (sequence, head) of up to 256 tokens, whose keys and values it reads once; of
/// longer ones it has 128 queries, and reads tiles of 128 keys. Its warps take strips of 16 queries
/// in turn.
/// 4 n² d operations a head on 4 n d elements of 2 bytes, that is n / 2 a byte: up to some 600
/// tokens memory's rate bounds it on an H100 (989 TFLOP/s over 3.35 TB/s), given enough heads. But
/// each strip reads all keys and values from shared memory, n² d / 4 bytes: at 128 bytes a cycle
/// and multiprocessor that is as long as memory takes at 200 tokens.
template <class S, int d>
class ForwardBlock {
 public:
  using Op = ops::Attention<S, float>;
  static constexpr int most_rows = 256,
                       tile_rows = 128;             // whole sequences, and parts of longer ones
  static constexpr int most_warps = 8, blocks = 3;  // 24 warps that share the registers

  /// The fewest that take no more rounds.
  static constexpr int warps(int rows) {
    const int strips = rows / strip_rows, rounds = divide_up(strips, most_warps);
    return divide_up(strips, rounds);
  }
  static constexpr std::size_t shared_bytes(int rows) {
    return sizeof(S) * d * static_cast<std::size_t>(2 * rows + warps(rows) * strip_rows);
  }

  __device__ ForwardBlock(const Op& op, const HeadTile& mine)
      : op_{op},
        mine_{mine},
        k_{ptx::dynamic_shared<S>()},
        v_{k_ + mine.rows * d},
        strips_{v_ + mine.rows * d} {}

  __device__ void run() {
    const int round = static_cast<int>(blockDim.x) / warp_size * strip_rows;
    for (int first = 0; first < mine_.count; first += round) attend(first);
  }

 private:
  /// The queries of a round. All of the block's threads come, even those that have none.
  __device__ void attend(int first) {
    const bool several_tiles = mine_.tokens > mine_.rows, works = strip_from(first) < mine_.count;
    QueryStrip<S, d> queries;
    if (works) fetch_queries(strip_from(first));
    for (int key = 0; key < mine_.tokens; key += strip_rows) {
      const int at = several_tiles ? key % tile_rows : key;
      const bool comes = at == 0 && (first == 0 || several_tiles);
      if (comes) {
        fetch_keys(key);
      } else if (key == 0) {
        ptx::end_copy_group();
        ptx::wait_for_copies<0>();
        __syncwarp();  // the queries are there
      }
      if (works && key == 0) {
        queries.load(own());
        __syncwarp();  // the next ones may come
      }
      typename QueryStrip<S, d>::Scores p = {};
      if (works) queries.weigh(k_ + at * d, mine_.tokens - key, p);
      if (comes) {
        ptx::wait_for_copies<0>();
        __syncthreads();  // the values are there
      }
      if (works) queries.add(v_ + at * d, p);
    }
    if (works) store(queries, strip_from(first));
  }

  /// This warp's first query of a round, and how many there are; where they lie. All are computed
  /// where they are needed, as registers are what most warps at once wait for.
  __device__ static int strip_from(int first) { return first + ptx::unknown(own_strip()); }
  __device__ int count_of(int strip) const {
    return mine_.count - strip < strip_rows ? mine_.count - strip : strip_rows;
  }
  __device__ S* own() const { return strips_ + ptx::unknown(own_strip()) * d; }

  __device__ void fetch_queries(int strip) const {
    fetch<d>(own(), mine_.rows_of(op_.qkv, mine_.begin + strip, d), count_of(strip), lane_of_warp(),
             warp_size);
  }
  /// The keys come with the queries, the values while scores are computed.
  __device__ void fetch_keys(int begin) const {
    __syncthreads();  // those that are there are used
    fetch<d>(k_, mine_.rows_of(op_.qkv, begin, d, 1), mine_.count_from(begin));
    ptx::end_copy_group();
    fetch<d>(v_, mine_.rows_of(op_.qkv, begin, d, 2), mine_.count_from(begin));
    ptx::end_copy_group();
    ptx::wait_for_copies<1>();
    __syncthreads();
  }

  __device__ void store(QueryStrip<S, d>& queries, int strip) const {
    float normaliser[2];
    const auto& y = queries.finish(normaliser);
    const int lane = lane_of_warp(), begin = mine_.begin + strip, count = count_of(strip);
#pragma unroll
    for (int row = 0; row < 2; ++row) {
      const int i = lane / 4 + 8 * row;
      if (lane % 4 == 0 && i < count)
        op_.normaliser.row(mine_.first + begin + i)[mine_.head] = normaliser[row];
    }
    y.store(mine_.rows_of(op_.y, begin, d), count);
  }

  const Op& op_;
  const HeadTile& mine_;
  S *k_, *v_;  // (rows, d)
  S* strips_;  // (16, d) of each warp
};

template <class S, int d>
__global__ void __launch_bounds__(ForwardBlock<S, d>::most_warps* warp_size,
                                  ForwardBlock<S, d>::blocks)
    attention_kernel(const ops::Attention<S, float> op, int rows) {
  const HeadTile mine{op.sequences, op.heads, rows};
  if (!mine.empty()) ForwardBlock<S, d>{op, mine}.run();
}

}  // namespace extrema::cuda::detail
