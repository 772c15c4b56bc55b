// SPDX-License-Identifier: MIT
// Attention's backward on tensor cores.   n tokens of a sequence, d = head width, S = bfloat16
// or float16
#pragma once

#include <cmath>

#include "extrema/cuda/attention_tiles.cuh"
#include "extrema/ops/attention.hpp"

namespace extrema::cuda::detail {

/// A block has up to 64 tokens of one (sequence, head), a warp a strip of 16: first the gradients
/// of the strip's queries, from all keys in turn, then those of its keys and values, from all
/// queries. So each is a sum in a fixed order, needs no atomics, and nothing of size n² is written,
/// at the price of scores that are computed twice. The block's own tile comes last and then first:
/// up to 64 tokens all is read once. 14 n² d operations a head on 8 n d elements of 2 bytes, that
/// is 0.9 n a byte: up to some 300 tokens memory's rate bounds it on an H100.
template <class S, int d>
class BackwardBlock {
 public:
  using Op = ops::AttentionBackward<S, float>;
  static constexpr int most_rows = 64, tile_rows = 64;

  static constexpr int warps(int rows) { return rows / strip_rows; }
  static constexpr std::size_t shared_bytes(int rows) {
    return static_cast<std::size_t>(rows) * (5 * sizeof(S) * d + 2 * sizeof(float));
  }

  __device__ BackwardBlock(const Op& op, const HeadTile& mine)
      : op_{op},
        mine_{mine},
        q_{ptx::dynamic_shared<S>()},
        grad_y_{q_ + rows() * d},
        k_{grad_y_ + rows() * d},
        v_{k_ + rows() * d},
        spare_{v_ + rows() * d},
        normaliser_{reinterpret_cast<float*>(spare_ + rows() * d)},
        inner_{normaliser_ + rows()} {}

  __device__ void run() {
    fetch_queries(mine_.begin);
    queries();
    __syncthreads();
    keys();
  }

 private:
  __device__ int rows() const { return mine_.rows; }
  __device__ int strip_count() const {
    return mine_.count - own_strip() < strip_rows ? mine_.count - own_strip() : strip_rows;
  }
  __device__ bool works() const { return own_strip() < mine_.count; }

  /// The first token of the tile that comes `step` after the block's own, around the end.
  __device__ int around(int step) const {
    const int tiles = (mine_.tokens + rows() - 1) / rows();
    return (mine_.begin / rows() + step) % tiles * rows();
  }

  template <class T>
  __device__ void fetch_part(S* tile, Matrix<T> matrix, int begin, int part) const {
    const auto from = mine_.rows_of(matrix, begin, d, part);
    fetch<d>(tile, from, mine_.count_from(begin));
  }
  __device__ void fetch_keys(int begin) const {
    fetch_part(k_, op_.qkv, begin, 1);
    fetch_part(v_, op_.qkv, begin, 2);
  }
  /// With each query's log-sum-exp, to base two, and y · grad_y: a few lanes take a row.
  __device__ void fetch_queries(int begin) const {
    fetch_part(q_, op_.qkv, begin, 0);
    fetch_part(grad_y_, op_.grad_y, begin, 0);
    constexpr int lanes = d / pack;
    const auto y = mine_.rows_of(op_.y, begin, d), grad_y = mine_.rows_of(op_.grad_y, begin, d);
    const int thread = static_cast<int>(threadIdx.x), threads = static_cast<int>(blockDim.x),
              count = mine_.count_from(begin), column = thread % lanes * pack;
    for (int i = thread / lanes; i < whole_strips(count); i += threads / lanes) {
      float sum = 0;
      if (i < count) {
        const auto a = widen(load<pack>(y.row(i) + column)),
                   b = widen(load<pack>(grad_y.row(i) + column));
#pragma unroll
        for (int c = 0; c < pack; ++c) sum += a.at[c] * b.at[c];
      }
#pragma unroll
      for (int offset = lanes / 2; offset > 0; offset /= 2)
        sum += __shfl_xor_sync(0xffffffffu, sum, offset);
      if (column == 0) {
        inner_[i] = sum;
        normaliser_[i] =
            i < count ? op_.normaliser.row(mine_.first + begin + i)[mine_.head] * log2_of_e : 0;
      }
    }
  }
  __device__ static void wait_for_tiles() {
    ptx::end_copy_group();
    ptx::wait_for_copies<0>();
    __syncthreads();
  }

  /// A score, and the gradient of its probability, become p and the gradient of the score.
  __device__ static void differentiate(float normaliser, float inner, float& score, float& grad) {
    const float scale = 1 / sqrtf(static_cast<float>(d));
    score = exp2f(score * (scale * log2_of_e) - normaliser);
    grad = score * (grad - inner) * scale;
  }

  /// grad_q (16, d) += grad_scores k, one tile of keys after the other.
  __device__ void queries() {
    const int lane = lane_of_warp(), strip = own_strip();
    StripSums<d> grad_q;
    fetch_keys(around(1));
    wait_for_tiles();
    Strip<d> q, grad_y;
    if (works()) {
      q.load(q_ + strip * d);
      grad_y.load(grad_y_ + strip * d);
    }
    for (int step = 1;; ++step) {
      const int begin = around(step), count = mine_.count_from(begin);
      for (int key = 0; works() && key < count; key += strip_rows) {
        float p[2][4], grad[2][4];  // (16, 16)
        multiply_transposed<d>(q, k_ + key * d, p[0], p[1]);
        multiply_transposed<d>(grad_y, v_ + key * d, grad[0], grad[1]);
#pragma unroll
        for (int i = 0; i < 8; ++i) {
          const int row = strip + lane / 4 + i / 2 % 2 * 8,
                    column = key + i / 4 * 8 + lane % 4 * 2 + i % 2;
          differentiate(normaliser_[row], inner_[row], p[i / 4][i % 4], grad[i / 4][i % 4]);
          if (column >= count) grad[i / 4][i % 4] = 0;  // it may be no number
        }
        grad_q.add_product(grad[0], grad[1], k_ + key * d);
      }
      if (begin == mine_.begin) break;  // its own keys stay where they are
      __syncthreads();
      fetch_keys(around(step + 1));
      wait_for_tiles();
    }
    if (works()) store(grad_q, spare_ + strip * d, 0);
  }

  /// grad_v (16, d) += pᵀ grad_y and grad_k += grad_scoresᵀ q, one tile of queries after the other.
  /// Both are computed transposed: a row is a key. Queries behind the last one have p = 1, which
  /// multiplies zeros.
  __device__ void keys() {
    const int lane = lane_of_warp(), strip = own_strip();
    StripSums<d> grad_k, grad_v;
    Strip<d> k, v;
    if (works()) {
      k.load(k_ + strip * d);
      v.load(v_ + strip * d);
    }
    for (int step = 0;; ++step) {
      const int count = mine_.count_from(around(step));
      for (int query = 0; works() && query < count; query += strip_rows) {
        float p[2][4], grad[2][4];  // (16, 16)
        multiply_transposed<d>(k, q_ + query * d, p[0], p[1]);
        multiply_transposed<d>(v, grad_y_ + query * d, grad[0], grad[1]);
#pragma unroll
        for (int i = 0; i < 8; ++i) {
          const int column = query + i / 4 * 8 + lane % 4 * 2 + i % 2;
          differentiate(normaliser_[column], inner_[column], p[i / 4][i % 4], grad[i / 4][i % 4]);
        }
        grad_v.add_product(p[0], p[1], grad_y_ + query * d);
        grad_k.add_product(grad[0], grad[1], q_ + query * d);
      }
      if (around(step + 1) == mine_.begin) break;
      __syncthreads();
      fetch_queries(around(step + 1));
      wait_for_tiles();
    }
    if (works()) {
      store(grad_k, k_ + strip * d, 1);
      store(grad_v, v_ + strip * d, 2);
    }
  }

  __device__ void store(const StripSums<d>& sums, S* strip, int part) const {
    const auto to = mine_.rows_of(op_.grad_qkv, mine_.begin + own_strip(), d, part);
    sums.store(strip, to, strip_count());
  }

  const Op& op_;
  const HeadTile& mine_;
  S *q_, *grad_y_, *k_, *v_, *spare_;  // (64, d)
  float *normaliser_, *inner_;         // (64)
};

template <class S, int d>
__global__ void __launch_bounds__(BackwardBlock<S, d>::warps(BackwardBlock<S, d>::most_rows) *
                                  warp_size)
    attention_backward_kernel(const ops::AttentionBackward<S, float> op, int rows) {
  const HeadTile mine{op.sequences, op.heads, rows};
  if (!mine.empty()) BackwardBlock<S, d>{op, mine}.run();
}

}  // namespace extrema::cuda::detail
