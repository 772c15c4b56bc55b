// SPDX-License-Identifier: MIT
// Products of small matrices by one thread: those of attention, which are too many and too small
// for a library's call. Nothing is allocated, and each sum runs in one order.
#pragma once

#include <cstring>
#include <type_traits>
#include <utility>

#include "extrema/core/round_up.hpp"
#include "extrema/cpu/eigen.hpp"

namespace extrema::cpu {

/// As many elements as a vector register holds, and rows of memory that end on a whole one.
template <class W>
inline constexpr Index lanes =
    EIGEN_MAX_STATIC_ALIGN_BYTES > 0 ? EIGEN_MAX_STATIC_ALIGN_BYTES / Index{sizeof(W)}
                                     : 16 / Index{sizeof(W)};
template <class W>
constexpr Index padded(Index size) {
  return round_up(size, lanes<W>);
}

/// Rows `stride` apart. A transposed one has its columns there.
template <class W>
struct Small {
  W* data;
  Index stride;
};

namespace detail {

/// c (rows, vectors) = a (rows, k) b (k, vectors) in registers; a's element (r, i) stands at
/// a[r * row + i * column].
template <int rows, int vectors, class W>
void register_tile(const W* a, Index row, Index column, Index k, Small<const W> b, Small<W> c) {
  typedef W Vector __attribute__((vector_size(static_cast<std::size_t>(lanes<W>) * sizeof(W))));
  Vector sum[rows][vectors] = {};
  for (Index i = 0; i < k; ++i) {
    Vector right[vectors];
    for (int v = 0; v < vectors; ++v)
      std::memcpy(&right[v], b.data + i * b.stride + v * lanes<W>, sizeof(Vector));
    for (int r = 0; r < rows; ++r) {
      const W left = a[r * row + i * column];
      for (int v = 0; v < vectors; ++v) sum[r][v] += left * right[v];
    }
  }
  for (int r = 0; r < rows; ++r)
    for (int v = 0; v < vectors; ++v)
      std::memcpy(c.data + r * c.stride + v * lanes<W>, &sum[r][v], sizeof(Vector));
}

template <int rows, class W>
void row_of_tiles(const W* a, Index row, Index column, Index k, Small<const W> b, Small<W> c,
                  Index cols) {
  constexpr bool many_registers = EIGEN_MAX_STATIC_ALIGN_BYTES >= 64;
  const auto tile = [&]<int vectors>(Index j, std::integral_constant<int, vectors>) {
    register_tile<rows, vectors>(a, row, column, k, {b.data + j, b.stride},
                                 Small<W>{c.data + j, c.stride});
    return j + vectors * lanes<W>;
  };
  for (Index j = 0; j < cols;) {
    const Index left = divide_up(cols - j, lanes<W>);
    if (many_registers && (left == 3 || left > 4)) j = tile(j, std::integral_constant<int, 3>{});
    else if (left > 1) j = tile(j, std::integral_constant<int, 2>{});
    else j = tile(j, std::integral_constant<int, 1>{});
  }
}

template <class W>
void multiply(const W* a, Index row, Index column, Index m, Index n, Index k, Small<const W> b,
              Small<W> c) {
  constexpr int tall = 6;  // times two or three vectors: it fits 16 or 32 registers
  const auto below = [&](Index i) { return Small<W>{c.data + i * c.stride, c.stride}; };
  Index i = 0;
  for (; i + tall <= m; i += tall) row_of_tiles<tall>(a + i * row, row, column, k, b, below(i), n);
  const auto rest = [&]<int... rows>(std::integer_sequence<int, rows...>) {
    ((m - i == rows + 1 ? row_of_tiles<rows + 1>(a + i * row, row, column, k, b, below(i), n)
                        : void()),
     ...);
  };
  rest(std::make_integer_sequence<int, tall - 1>{});
}

}  // namespace detail

/// c (m, n) = a (m, k) b (k, n). Rows of b and c are padded: columns of c up to padded(n) are
/// written.
template <class W>
void small_product(Small<const W> a, Small<const W> b, Small<W> c, Index m, Index n, Index k) {
  detail::multiply(a.data, a.stride, 1, m, n, k, b, c);
}

/// The same with the transpose of a (k, m).
template <class W>
void small_product_transposed(Small<const W> a, Small<const W> b, Small<W> c, Index m, Index n,
                              Index k) {
  detail::multiply(a.data, 1, a.stride, m, n, k, b, c);
}

}  // namespace extrema::cpu
