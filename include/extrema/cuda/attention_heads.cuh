// SPDX-License-Identifier: MIT
// How attention is shared among blocks: one for each (sequence, head) and tile of its tokens.
#pragma once

#include "extrema/core/config.hpp"
#include "extrema/core/round_up.hpp"
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

/// How many tiles the longest sequence has: as many blocks have each head of every sequence.
inline EXTREMA_HOST_DEVICE constexpr unsigned tiles_of(const Sequences& sequences, int rows) {
  return static_cast<unsigned>(divide_up(sequences.longest, rows));
}

/// A block's part: `count` tokens from `begin` of one head of a sequence. The tiles of a head,
/// which read the same rows, are neighbours, so that these rows are read from the L2 cache; so are
/// heads, whose rows are neighbours in memory.
struct HeadTile {
  int first;  // of the sequence's tokens
  int tokens, rows, begin, count, heads, head;

  __device__ HeadTile(const Sequences& sequences, int heads_of_all, int rows_of_tile)
      : HeadTile{sequences, heads_of_all, rows_of_tile,
                 blockIdx.x / tiles_of(sequences, rows_of_tile),
                 blockIdx.x % tiles_of(sequences, rows_of_tile)} {}

  /// Sequences are of different lengths, and may have no token at all.
  __device__ bool empty() const { return begin >= tokens; }

  /// The rows of the tile that begins with token `at`.
  __device__ int count_from(int at) const { return at + rows < tokens ? rows : tokens - at; }

  /// The head's rows from token `at` on; in the given one of a row's parts, such as q, k, v.
  template <class T>
  __device__ HeadRows<T> rows_of(Matrix<T> matrix, int at, int width, int part = 0) const {
    return {matrix.row(first + at) + Index{part * heads + head} * width, matrix.cols};
  }

 private:
  __device__ HeadTile(const Sequences& sequences, int heads_of_all, int rows_of_tile, unsigned pair,
                      unsigned tile)
      : first{sequences.offsets[pair / static_cast<unsigned>(heads_of_all)]},
        tokens{sequences.offsets[pair / static_cast<unsigned>(heads_of_all) + 1] - first},
        rows{rows_of_tile},
        begin{static_cast<int>(tile) * rows},
        count{count_from(begin)},
        heads{heads_of_all},
        head{static_cast<int>(pair % static_cast<unsigned>(heads))} {}
};

inline dim3 head_tiles(const Sequences& sequences, int heads, int rows) {
  return static_cast<unsigned>(sequences.count * heads) * tiles_of(sequences, rows);
}

}  // namespace extrema::cuda::detail
