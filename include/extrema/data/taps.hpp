// SPDX-License-Identifier: MIT
// The weights of antialiased bilinear and bicubic resizing along one axis, in Pillow's fixed point.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "extrema/data/weighted_sum.hpp"

namespace extrema::data {

enum class Interpolation { bilinear, bicubic };

namespace detail {

/// Radius of the kernel when it enlarges; when it shrinks by s it is s times as wide.
inline double radius(Interpolation interpolation) {
  return interpolation == Interpolation::bilinear ? 1 : 2;
}

inline double kernel(Interpolation interpolation, double x) {
  x = std::abs(x);
  if (interpolation == Interpolation::bilinear) return std::max(0.0, 1 - x);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;  // Keys' cubic with a = -1/2
  if (x < 2) return ((-0.5 * x + 2.5) * x - 4) * x + 2;
  return 0;
}

/// How each output position is a weighted sum of neighbouring input positions.
class Taps {
 public:
  /// The interval [from, to) of `size` input positions becomes `virtual_size` output positions, of
  /// which `count` from `first` on are wanted. With `mirror` they come last to first.
  void prepare(Interpolation interpolation, double from, double to, int size, int virtual_size,
               int first, int count, bool mirror) {
    const double scale = (to - from) / virtual_size, stretch = std::max(scale, 1.0);
    const double support = radius(interpolation) * stretch;
    most_ = static_cast<int>(std::ceil(support)) * 2 + 1;
    taps_.resize(static_cast<std::size_t>(count));
    weights_.assign(static_cast<std::size_t>(count * most_), 0);
    exact_.resize(static_cast<std::size_t>(most_));
    low_ = size, high_ = 0;
    for (int i = 0; i < count; ++i) {
      const double centre = from + (first + i + 0.5) * scale;
      const int begin = std::max(0, static_cast<int>(centre - support + 0.5));
      const int end = std::min(size, static_cast<int>(centre + support + 0.5));
      const int at = mirror ? count - 1 - i : i;
      taps_.data()[at] = {begin, end - begin};
      low_ = std::min(low_, begin), high_ = std::max(high_, end);
      double sum = 0;
      for (int k = 0; k < end - begin; ++k)
        sum += exact_.data()[k] = kernel(interpolation, (begin + k - centre + 0.5) / stretch);
      for (int k = 0; k < end - begin; ++k)
        weights_.data()[at * most_ + k] =
            static_cast<std::int32_t>(std::lround(exact_.data()[k] / sum * (1 << fraction_bits)));
    }
  }

  int begin(int i) const { return taps_.data()[i].begin; }
  int count(int i) const { return taps_.data()[i].count; }
  const std::int32_t* weights(int i) const { return weights_.data() + i * most_; }
  /// All of them: a tap for each output position, and `most()` weights, some of them not used.
  std::span<const Tap> taps() const { return taps_; }
  std::span<const std::int32_t> weights() const { return weights_; }
  int most() const { return most_; }
  /// The input positions that any output needs: [low, high).
  int low() const { return low_; }
  int high() const { return high_; }

 private:
  std::vector<Tap> taps_;
  std::vector<std::int32_t> weights_;  // (count, most)
  std::vector<double> exact_;          // (most)
  int most_ = 0, low_ = 0, high_ = 0;
};

}  // namespace detail
}  // namespace extrema::data
