// SPDX-License-Identifier: MIT
// ldmatrix and mma.sync of 16-bit numbers with float sums, with the fragments of the PTX manual:
// g = lane / 4, t = lane % 4, i = 0, 1 (the lower and the upper half of a register)
//   a[r]   row g + 8 (r % 2), column 2t + i + 8 (r / 2)
//   b[r]   row 2t + i + 8 r, column g
//   d[r]   row g + 8 (r / 2), column 2t + r % 2
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "../kernel_thread.hpp"
#include "../race/watcher.hpp"

namespace emulator {

enum class Transposed { no, yes };

/// Four 8 x 8 matrices: lanes 8m to 8m + 7 give the rows of matrix m. Each lane gets row g, columns
/// 2t + i of each matrix, or of the transposed one.
template <Transposed transposed>
__attribute__((no_sanitize("thread"))) void load_matrices(std::uint32_t (&result)[4],
                                                          const void* row) {
  struct Lane {
    std::uint32_t* result;
    const std::uint16_t* row;
  } mine{result, static_cast<const std::uint16_t*>(row)};
  if (reinterpret_cast<std::uintptr_t>(row) % 16 != 0)
    fail("ldmatrix: a row is not aligned to 16 bytes");
  if (watcher()) watcher()->reads(row, 16);
  const auto complete = [](void* const* lanes) {
    const auto element = [&](unsigned matrix, unsigned r, unsigned c) {
      return std::uint32_t{static_cast<const Lane*>(lanes[matrix * 8 + r])->row[c]};
    };
    for (unsigned l = 0; l < 32; ++l)
      for (unsigned m = 0; m < 4; ++m) {
        const unsigned g = l / 4, t2 = l % 4 * 2;
        const bool swap = transposed == Transposed::yes;
        const std::uint32_t low = swap ? element(m, t2, g) : element(m, g, t2);
        const std::uint32_t high = swap ? element(m, t2 + 1, g) : element(m, g, t2 + 1);
        static_cast<Lane*>(lanes[l])->result[m] = low | high << 16;
      }
  };
  meet_in_warp(0xffffffffu, &mine, complete, Orders::nothing, Place::here());
}

inline float from_bf16(std::uint32_t bits) { return std::bit_cast<float>(bits << 16); }
inline float from_fp16(std::uint32_t bits) {
  return __half2float(std::bit_cast<__half>(static_cast<std::uint16_t>(bits)));
}

/// d += a b for (16, depth) by (depth, 8), depth 8 or 16. `to_float` takes one element's bits.
template <unsigned depth, float (*to_float)(std::uint32_t)>
void multiply_matrices(float (&d)[4], std::array<std::uint32_t, depth / 4> a,
                       std::array<std::uint32_t, depth / 8> b) {
  struct Lane {
    float* d;
    std::array<std::uint32_t, depth / 4> a;
    std::array<std::uint32_t, depth / 8> b;
  } mine{d, a, b};
  const auto complete = [](void* const* lanes) {
    const auto part = [](std::uint32_t pair, unsigned i) {
      return to_float(i == 0 ? pair & 0xffffu : pair >> 16);
    };
    float left[16][depth], right[depth][8];
    for (unsigned l = 0; l < 32; ++l)
      for (unsigned i = 0; i < 2; ++i) {
        const auto* given = static_cast<const Lane*>(lanes[l]);
        const unsigned g = l / 4, column = l % 4 * 2 + i;
        for (unsigned r = 0; r < depth / 4; ++r)
          left[g + r % 2 * 8][column + r / 2 * 8] = part(given->a[r], i);
        for (unsigned r = 0; r < depth / 8; ++r) right[column + r * 8][g] = part(given->b[r], i);
      }
    for (unsigned l = 0; l < 32; ++l)
      for (unsigned r = 0; r < 4; ++r) {
        float& sum = static_cast<Lane*>(lanes[l])->d[r];
        const unsigned row = l / 4 + r / 2 * 8, column = l % 4 * 2 + r % 2;
        for (unsigned k = 0; k < depth; ++k) sum += left[row][k] * right[k][column];
      }
  };
  meet_in_warp(0xffffffffu, &mine, complete, Orders::nothing, Place::here());
}

}  // namespace emulator
