// SPDX-License-Identifier: MIT
// How attention is shared among blocks: one for each (sequence, head) and tile of its tokens.
#pragma once

#include "extrema/core/config.hpp"
#include "extrema/core/views.hpp"
#include "extrema/cuda/launch.cuh"

namespace extrema::cuda::detail {

/// One head of a sequence: row i stands i * stride behind `data`.
template <class T>
struct HeadRows {
  T* data;
  Index stride;
  __device__ T* row(Index i) const { return data + i * stride; }
};

/// A block's part: `count` tokens from `begin` of one head of a sequence. Blocks of neighbouring
/// heads, whose rows are neighbours in memory, are neighbours.
struct HeadTile {
  Index first;  // of the sequence's tokens
  int tokens, rows, begin, count, head;

  __device__ HeadTile(const Sequences& sequences, int heads, int rows_of_tile)
      : first{sequences.offsets[blockIdx.x / static_cast<unsigned>(heads)]},
        tokens{static_cast<int>(sequences.offsets[blockIdx.x / static_cast<unsigned>(heads) + 1] -
                                first)},
        rows{rows_of_tile},
        begin{static_cast<int>(blockIdx.y) * rows},
        count{count_from(begin)},
        head{static_cast<int>(blockIdx.x % static_cast<unsigned>(heads))} {}

  /// Sequences are of different lengths, and may have no token at all.
  __device__ bool empty() const { return begin >= tokens; }

  /// The rows of the tile that begins with token `at`.
  __device__ int count_from(int at) const { return at + rows < tokens ? rows : tokens - at; }

  /// The head's rows from token `at` on; in the given one of the matrix's parts, such as q, k, v.
  template <class T>
  __device__ HeadRows<T> rows_of(Matrix<T> matrix, int at, int width, int parts = 1,
                                 int part = 0) const {
    return {matrix.row(first + at) + part * (matrix.cols / parts) + Index{head} * width,
            matrix.cols};
  }
};

inline dim3 head_tiles(const Sequences& sequences, int heads, int rows) {
  return {static_cast<unsigned>(sequences.count * heads),
          static_cast<unsigned>((sequences.longest + rows - 1) / rows)};
}

}  // namespace extrema::cuda::detail
