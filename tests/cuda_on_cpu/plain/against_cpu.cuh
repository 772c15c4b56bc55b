// SPDX-License-Identifier: MIT
// What the tests of the plain backend share: formats, sizes, and one table of bounds.
#pragma once

#include <cmath>
#include <limits>
#include <type_traits>
#include <vector>

#include "../compare.hpp"
#include "../plain.cuh"
#include "extrema/cpu/cpu.hpp"

namespace against_cpu {

using namespace extrema;
using compare::Bound, compare::Data, compare::Output;

template <class Format>
using Against =
    compare::Backends<cpu::BasicDevice<Format, cpu::EigenProducts>, plain::Device<Format>>;
using Fp64 = Against<fp64>;
using Fp32 = Against<fp32>;
using Bf16 = Against<bf16>;
using Bf16Stream = Against<bf16_stream>;

/// Both backends compute in the Wide type, so that bounds are its.
template <class Both>
struct Bounds {
  using W = typename Both::Wide;
  static constexpr double unit = std::numeric_limits<W>::epsilon() / 2;  // what a rounding costs

  /// The same arithmetic in the same order: the same bits.
  static constexpr Bound same{0};
  /// A handful of roundings, which compilers may fuse.
  static constexpr Bound few{8 * unit};
  /// Eigen's erf in float is off by up to 4.2e-7 (at -3.6), which GELU multiplies with x / 2, and
  /// its gradient with grad_y / 2.
  static constexpr Bound gelu = std::is_same_v<W, float> ? Bound{1.5e-6} : few;
  /// A sum of n terms: its error is a random walk, by theory unit sqrt(n / 2) of the result's size.
  /// Ten times that, as each side has its own order.
  static Bound sum_of(Index n) { return {7 * unit * std::sqrt(static_cast<double>(n))}; }
  /// Scores of normal vectors are normal again, up to 4 or so: the exponential makes a relative
  /// error of an absolute one.
  static Bound scores_of(Index d) { return {4 * sum_of(d).arithmetic}; }
};

/// test(rows, width) of every size: none, one, a warp, less and more, more than a block.
template <class Test>
void each_size(const Test& test) {
  for (const Index rows : {0, 1, 31, 33, 257})
    for (const Index width : {1, 32, 100, 384, 1024}) {
      CAPTURE(rows);
      CAPTURE(width);
      test(rows, width);
    }
}

/// Packed sequences: empty ones, one token, a warp and one more, more than a block.
inline const std::vector<std::vector<int>> packings{
    {1}, {0, 3, 0}, {2, 0, 65, 1}, {33, 17, 0}, {257}};

}  // namespace against_cpu
