// SPDX-License-Identifier: MIT
// nvcuda::wmma for tiles of 16 x 16 x 16 with fp32 sums (the toolkit's mma.h is empty outside
// nvcc). Which lane holds which element is not specified on a card; here it is scrambled, so that
// a kernel that builds on an order is wrong.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <type_traits>

#include "barriers.hpp"

namespace nvcuda::wmma {

struct matrix_a {};
struct matrix_b {};
struct accumulator {};
struct row_major {};
struct col_major {};
enum layout_t { mem_row_major, mem_col_major };

template <class Use, int M, int N, int K, class T, class Layout = void>
struct fragment {
  static_assert(M == 16 && N == 16 && K == 16, "wmma: tiles of 16 x 16 x 16 are emulated");
  enum { num_elements = 8 };
  T x[8];
};

/// Which of the 256 elements is the lane's e-th.
inline unsigned element(unsigned lane, unsigned e) { return (lane * 8 + e) * 77 % 256; }

/// Calls f(e, offset in memory) for each of the lane's elements.
template <class F>
void for_each_element(unsigned stride, bool by_rows, F f) {
  for (unsigned e = 0; e < 8; ++e) {
    const unsigned i = element(emulator::lane(), e), row = i / 16, col = i % 16;
    f(e, by_rows ? row * stride + col : col * stride + row);
  }
}

template <class Use, class T, class Layout>
void load_matrix_sync(fragment<Use, 16, 16, 16, T, Layout>& tile, const T* memory,
                      unsigned stride) {
  __syncwarp();
  for_each_element(stride, std::is_same_v<Layout, row_major>,
                   [&](unsigned e, unsigned at) { tile.x[e] = memory[at]; });
}
template <class T>
void load_matrix_sync(fragment<accumulator, 16, 16, 16, T>& tile, const T* memory, unsigned stride,
                      layout_t layout) {
  __syncwarp();
  for_each_element(stride, layout == mem_row_major,
                   [&](unsigned e, unsigned at) { tile.x[e] = memory[at]; });
}
template <class T>
void store_matrix_sync(T* memory, const fragment<accumulator, 16, 16, 16, T>& tile, unsigned stride,
                       layout_t layout) {
  for_each_element(stride, layout == mem_row_major,
                   [&](unsigned e, unsigned at) { memory[at] = tile.x[e]; });
  __syncwarp();
}
template <class Fragment, class T>
void fill_fragment(Fragment& tile, T value) {
  for (auto& x : tile.x) x = value;
}

/// d = a b + c
template <class T, class LayoutA, class LayoutB>
void mma_sync(fragment<accumulator, 16, 16, 16, float>& d,
              const fragment<matrix_a, 16, 16, 16, T, LayoutA>& a,
              const fragment<matrix_b, 16, 16, 16, T, LayoutB>& b,
              const fragment<accumulator, 16, 16, 16, float>& c) {
  struct Lane {
    float* d;
    const T *a, *b;
    const float* c;
  } mine{d.x, a.x, b.x, c.x};
  const auto complete = [](void* const* lanes) {
    float left[256], right[256], sum[256];
    for (unsigned l = 0; l < 32; ++l)
      for (unsigned e = 0; e < 8; ++e) {
        const auto* given = static_cast<const Lane*>(lanes[l]);
        const unsigned i = element(l, e);
        left[i] = static_cast<float>(given->a[e]);
        right[i] = static_cast<float>(given->b[e]);
        sum[i] = given->c[e];
      }
    for (unsigned l = 0; l < 32; ++l)
      for (unsigned e = 0; e < 8; ++e) {
        const unsigned i = element(l, e), row = i / 16, col = i % 16;
        float total = sum[i];
        for (unsigned k = 0; k < 16; ++k) total += left[row * 16 + k] * right[k * 16 + col];
        static_cast<Lane*>(lanes[l])->d[e] = total;
      }
  };
  emulator::meet_in_warp(0xffffffffu, &mine, complete, emulator::Orders::nothing,
                         emulator::Place::here());
}

}  // namespace nvcuda::wmma
