// SPDX-License-Identifier: MIT
// What attention on tensor cores is made of: tiles of a head's rows in shared memory, and the
// products of a warp's strip of 16 rows with them.   d = head width (32 or 64), S = bfloat16 or
// float16
//
// Scores leave a product as they enter the next one: what a lane holds of two neighbouring (16, 8)
// results is what it must hold of the (16, 16) factor. So they never leave the registers.
#pragma once

#include <cstdint>
#include <extrema/cuda/ptx.cuh>

#include "extrema/core/round_up.hpp"
#include "extrema/core/tensor.hpp"
#include "extrema/cuda/attention_heads.cuh"
#include "extrema/cuda/launch.cuh"
#include "extrema/cuda/numbers.cuh"

namespace extrema::cuda::detail {

inline constexpr int strip_rows = 16;             // of a warp
inline constexpr int pack = pack_size<bfloat16>;  // elements of 16 bits that are moved at once

inline constexpr float log2_of_e = 1.44269504f;

/// Where a tile has the pack of a row that begins with `column`. A row's packs are exchanged, so
/// that those of one column in the 8 rows that ldmatrix reads lie in different banks, without a gap
/// behind each row.
template <int d>
__device__ int place(int row, int column) {
  constexpr unsigned packs = d / pack, rows = 8 / packs;  // that lie side by side in the 32 banks
  return row * d + (column ^ static_cast<int>(static_cast<unsigned>(row) / rows % packs * pack));
}

inline EXTREMA_HOST_DEVICE constexpr int whole_strips(int rows) {
  return round_up(rows, strip_rows);
}

__device__ inline int lane_of_warp() { return static_cast<int>(threadIdx.x % warp_size); }
/// The first row of this warp's strip.
__device__ inline int own_strip() { return static_cast<int>(threadIdx.x / warp_size * strip_rows); }

/// Threads begin to copy `count` rows to a tile, and zeros behind them to the end of a strip.
template <int d, class S>
__device__ void fetch(S* tile, const HeadRows<const S>& from, int count, int thread, int threads) {
  constexpr int packs = d / pack;  // of a row
  thread = ptx::unknown(thread);
  const int column = thread % packs * pack;
#pragma unroll 1
  for (int row = thread / packs; row < whole_strips(count); row += threads / packs) {
    const bool there = row < count;
    ptx::copy_async(tile + place<d>(row, column),
                    from.data + ((there ? row : 0) * static_cast<int>(from.stride) + column),
                    there);
  }
}

/// All threads of the block do.
template <int d, class S>
__device__ void fetch(S* tile, const HeadRows<const S>& from, int count) {
  fetch<d>(tile, from, count, static_cast<int>(threadIdx.x), static_cast<int>(blockDim.x));
}

/// 16 rows of a tile as the left factor of products.
template <int d>
struct Strip {
  std::uint32_t parts[d / 16][4] = {};
  template <class S>
  __device__ void load(const S* rows, int lane = lane_of_warp()) {
#pragma unroll
    for (int c = 0; c < d / 16; ++c)
      ptx::load_matrices(parts[c], rows + place<d>(lane % 16, 16 * c + lane / 16 * 8));
  }
};

/// d += a b, (16, 16) by (16, 8).
template <class S>
__device__ void multiply(float (&d)[4], const std::uint32_t (&a)[4], std::uint32_t b0,
                         std::uint32_t b1) {
  if constexpr (std::is_same_v<S, bfloat16>) ptx::multiply_bf16(d, a, b0, b1);
  else ptx::multiply_fp16(d, a, b0, b1);
}

/// Two floats rounded to S, the first in the lower half.
template <class S>
__device__ std::uint32_t pack_pair(float low, float high) {
  if constexpr (std::is_same_v<S, bfloat16>) return ptx::pack_bf16(low, high);
  else return __builtin_bit_cast(std::uint32_t, narrow<S>(Pack<float, 2>{{low, high}}));
}

/// scores (16, 16), as two halves of 8 columns, = strip (16, d) times 16 rows (16, d) of a tile,
/// transposed.
template <int d, class S>
__device__ void multiply_transposed(const Strip<d>& strip, const S* rows, float (&left)[4],
                                    float (&right)[4], int lane = lane_of_warp()) {
#pragma unroll
  for (int i = 0; i < 4; ++i) left[i] = right[i] = 0;
#pragma unroll
  for (int c = 0; c < d / 16; ++c) {
    std::uint32_t b[4];
    ptx::load_matrices(b, rows + place<d>(lane % 8 + lane / 16 * 8, 16 * c + lane / 8 % 2 * 8));
    multiply<S>(left, strip.parts[c], b[0], b[1]);
    multiply<S>(right, strip.parts[c], b[2], b[3]);
  }
}

/// 16 weights of each row of a strip, rounded to S, as the left factor of products. (16, 16)
struct Weights {
  std::uint32_t parts[4];
};
template <class S>
__device__ Weights round_weights(const float (&left)[4], const float (&right)[4]) {
  return {{pack_pair<S>(left[0], left[1]), pack_pair<S>(left[2], left[3]),
           pack_pair<S>(right[0], right[1]), pack_pair<S>(right[2], right[3])}};
}

/// A strip's sums (16, d), in Wide: d / 8 results of 8 columns.
template <int d>
struct StripSums {
  float parts[d / 8][4] = {};

  /// += weights times 16 rows (16, d) of a tile.
  template <class S>
  __device__ void add_product(const Weights& weights, const S* rows, int lane = lane_of_warp()) {
#pragma unroll
    for (int c = 0; c < d / 16; ++c) {
      std::uint32_t b[4];
      ptx::load_transposed(b, rows + place<d>(lane % 16, 16 * c + lane / 16 * 8));
      multiply<S>(parts[2 * c], weights.parts, b[0], b[1]);
      multiply<S>(parts[2 * c + 1], weights.parts, b[2], b[3]);
    }
  }

  __device__ void scale(const float (&of_row)[2]) {
#pragma unroll
    for (int c = 0; c < d / 8; ++c)
#pragma unroll
      for (int i = 0; i < 4; ++i) parts[c][i] *= of_row[i / 2];
  }

  /// Writes `count` rows. Neighbouring lanes exchange halves of two results, so that each has four
  /// columns and four lanes 32 bytes, which is what memory takes at once.
  template <class S>
  __device__ void store(const HeadRows<S>& to, int count) const {
    const int lane = ptx::unknown(lane_of_warp());
    const bool odd = lane % 2 != 0;
    using Four = Pack<S, 4>;
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int row = lane / 4 + 8 * half;
      S* const at = to.row(row) + (odd ? 8 : 0) + lane % 4 / 2 * 4;
#pragma unroll
      for (int c = 0; c < d / 8; c += 2) {
        const std::uint32_t first = pack_pair<S>(parts[c][2 * half], parts[c][2 * half + 1]),
                            second =
                                pack_pair<S>(parts[c + 1][2 * half], parts[c + 1][2 * half + 1]),
                            others = __shfl_xor_sync(0xffffffffu, odd ? first : second, 1);
        const Pack<std::uint32_t, 2> mine{{odd ? others : first, odd ? second : others}};
        if (row < count) cuda::store(at + 8 * c, __builtin_bit_cast(Four, mine));
      }
    }
  }
};

/// Over the four lanes that hold a row of scores.
__device__ inline float quad_sum(float value) {
  value += __shfl_xor_sync(0xffffffffu, value, 1);
  return value + __shfl_xor_sync(0xffffffffu, value, 2);
}
__device__ inline float quad_max(float value) {
  value = fmaxf(value, __shfl_xor_sync(0xffffffffu, value, 1));
  return fmaxf(value, __shfl_xor_sync(0xffffffffu, value, 2));
}

}  // namespace extrema::cuda::detail
