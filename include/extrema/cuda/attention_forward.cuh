// SPDX-License-Identifier: MIT
// Attention's forward on tensor cores.   n tokens of a sequence, d = head width, S = bfloat16
// or float16
#pragma once

#include <cmath>

#include "extrema/cuda/attention_tiles.cuh"
#include "extrema/ops/attention.hpp"

namespace extrema::cuda::detail {

/// A block has up to 64 queries of one (sequence, head), a warp a strip of 16; keys and values come
/// in tiles of 64, the next keys while the last values are used.
/// 4 n² d operations a head on 4 n d elements of 2 bytes, that is n / 2 a byte: up to some 600
/// tokens memory's rate bounds it on an H100 (989 TFLOP/s over 3.35 TB/s), given enough heads.
template <class S, int d>
class ForwardBlock {
 public:
  using Op = ops::Attention<S, float>;

  static constexpr std::size_t shared_bytes(int rows) {
    return 3 * sizeof(S) * static_cast<std::size_t>(rows * tile_stride<d>);
  }

  __device__ ForwardBlock(const Op& op, const HeadTile& mine)
      : op_{op},
        mine_{mine},
        q_{ptx::dynamic_shared<S>()},
        k_{q_ + rows() * tile_stride<d>},
        v_{k_ + rows() * tile_stride<d>} {}

  __device__ void run() {
    fetch_part(q_, 0, mine_.begin);
    fetch_part(k_, 1, 0);
    ptx::end_copy_group();
    fetch_part(v_, 2, 0);
    ptx::end_copy_group();
    ptx::wait_for_copies<1>();
    __syncthreads();
    const bool works = own_strip() < mine_.count;
    Strip<d> q;
    if (works) q.load(q_ + own_strip() * tile_stride<d>);
    for (int begin = 0;; begin += tile_rows) {
      float p[tile_rows / 8][4] = {};  // (16, 64)
      if (works) softmax(q, mine_.count_from(begin), p);
      ptx::wait_for_copies<0>();
      __syncthreads();  // the values are there, the keys are used
      const bool more = begin + tile_rows < mine_.tokens;
      if (more) {
        fetch_part(k_, 1, begin + tile_rows);
        ptx::end_copy_group();
      }
      if (works) add_values(mine_.count_from(begin), p);
      if (!more) break;
      __syncthreads();  // the values are used
      fetch_part(v_, 2, begin + tile_rows);
      ptx::end_copy_group();
      ptx::wait_for_copies<1>();
      __syncthreads();  // the keys are there
    }
    if (works) finish();
  }

 private:
  __device__ static int rows() { return static_cast<int>(blockDim.x) / warp_size * strip_rows; }

  __device__ void fetch_part(S* tile, int part, int begin) const {
    const auto from = mine_.rows_of(op_.qkv, begin, d, 3, part);
    fetch<d>(tile, from.data, from.stride, mine_.count_from(begin));
  }

  /// The probabilities of a tile's keys, but for the factor that all keys together decide. What was
  /// added before is rescaled to the greatest score so far.
  __device__ void softmax(const Strip<d>& q, int keys, float (&p)[tile_rows / 8][4]) {
    constexpr float lowest = -INFINITY;
    const int column = lane_of_warp() % 4 * 2;
    float now[2] = {top_[0], top_[1]};
#pragma unroll
    for (int c = 0; c < tile_rows / 8; c += 2) {
      if (8 * c < keys) multiply_transposed<d>(q, k_ + 8 * c * tile_stride<d>, p[c], p[c + 1]);
#pragma unroll
      for (int i = 0; i < 8; ++i) {
        float& score = p[c + i / 4][i % 4];
        if (8 * (c + i / 4) + column + i % 2 >= keys) score = lowest;
        now[i / 2 % 2] = fmaxf(now[i / 2 % 2], score);
      }
    }
    const float scale = to_base_two();
    float shrink[2];
#pragma unroll
    for (int row = 0; row < 2; ++row) {
      now[row] = quad_max(now[row]);
      shrink[row] = exp2f((top_[row] - now[row]) * scale);
      top_[row] = now[row];
      sum_[row] *= shrink[row];
    }
    y_.scale(shrink);
#pragma unroll
    for (int c = 0; c < tile_rows / 8; ++c)
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        p[c][i] = exp2f((p[c][i] - now[i / 2]) * scale);
        sum_[i / 2] += p[c][i];
      }
  }

  __device__ void add_values(int keys, const float (&p)[tile_rows / 8][4]) {
#pragma unroll
    for (int c = 0; c < tile_rows / 8; c += 2)
      if (8 * c < keys) y_.add_product(p[c], p[c + 1], v_ + 8 * c * tile_stride<d>);
  }

  __device__ void finish() {
    const int lane = lane_of_warp(), strip = own_strip(),
              count = mine_.count - strip < strip_rows ? mine_.count - strip : strip_rows;
    float factor[2];
#pragma unroll
    for (int row = 0; row < 2; ++row) {
      const float sum = quad_sum(sum_[row]);
      factor[row] = 1 / sum;
      const int i = lane / 4 + 8 * row;
      if (lane % 4 == 0 && i < count)
        op_.normaliser.row(mine_.first + mine_.begin + strip + i)[mine_.head] =
            top_[row] / sqrtf(static_cast<float>(d)) + logf(sum);
    }
    y_.scale(factor);
    const auto to = mine_.rows_of(op_.y, mine_.begin + strip, d);
    y_.store(q_ + strip * tile_stride<d>, to.data, to.stride, count);
  }

  /// exp(score / √d) = 2^(score * this).
  __device__ static float to_base_two() { return log2_of_e / sqrtf(static_cast<float>(d)); }

  const Op& op_;
  const HeadTile& mine_;
  S *q_, *k_, *v_;  // (64, d)
  StripSums<d> y_;
  float top_[2] = {-INFINITY, -INFINITY};
  float sum_[2] = {};  // of what this lane has of its two rows
};

template <class S, int d>
__global__ void __launch_bounds__(tile_threads)
    attention_kernel(const ops::Attention<S, float> op) {
  const HeadTile mine{op.sequences, op.heads, tile_rows};
  if (!mine.empty()) ForwardBlock<S, d>{op, mine}.run();
}

}  // namespace extrema::cuda::detail
