// SPDX-License-Identifier: MIT
// What the colour steps do with one pixel of 8 bits, for hosts and kernels: Pillow's arithmetic, in
// integers but for hues, which take divisions that are rounded as IEEE 754 says (nvcc's default,
// not its --use_fast_math), and nothing that a compiler may fuse.
#pragma once

#include <cmath>
#include <cstdint>

#include "extrema/core/config.hpp"
#include "extrema/core/tensor.hpp"

namespace extrema::data {

enum class ColourStep : int { brightness, contrast, saturation, hue };

namespace detail {

struct Rgb {
  int red, green, blue;
};

/// Luma of ITU-R 601 in 16 bits of fraction.
EXTREMA_HOST_DEVICE constexpr std::uint8_t luma(int red, int green, int blue) {
  return static_cast<std::uint8_t>((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16);
}
EXTREMA_HOST_DEVICE constexpr int luma(Rgb p) { return luma(p.red, p.green, p.blue); }

/// The mean of `count` values, rounded.
EXTREMA_HOST_DEVICE constexpr int mean_level(std::int64_t sum, Index count) {
  return static_cast<int>((2 * sum + count) / (2 * count));
}

/// from + factor (to - from), in fixed point: the same bits on every machine.
class Blend {
 public:
  explicit Blend(double factor)
      : factor_{static_cast<std::int32_t>(std::lround((factor < -7.9  ? -7.9
                                                       : factor > 7.9 ? 7.9
                                                                      : factor) *
                                                      one))} {}
  EXTREMA_HOST_DEVICE constexpr std::uint8_t operator()(int from, int to) const {
    const int value = (from * one + factor_ * (to - from)) >> bits;
    return static_cast<std::uint8_t>(value < 0 ? 0 : value > 255 ? 255 : value);
  }

 private:
  static constexpr int bits = 20, one = 1 << bits;
  std::int32_t factor_;
};

EXTREMA_HOST_DEVICE constexpr Rgb saturate(const Blend& blend, Rgb p) {
  const int grey = luma(p);
  return {blend(grey, p.red), blend(grey, p.green), blend(grey, p.blue)};
}

EXTREMA_HOST_DEVICE constexpr int larger(int a, int b) { return a > b ? a : b; }
EXTREMA_HOST_DEVICE constexpr int smaller(int a, int b) { return a < b ? a : b; }

/// Hue (0 to 255, a turn is 255) of a colour that is not grey; `range` is largest - smallest.
EXTREMA_HOST_DEVICE constexpr int hue_of(int red, int green, int blue, int largest, int range) {
  const auto below = [&](int value) {
    return static_cast<float>(largest - value) / static_cast<float>(range);
  };
  const float r = below(red), g = below(green), b = below(blue);
  const float sixths = red == largest     ? b - g
                       : green == largest ? static_cast<float>((2.0 + r) - b)
                                          : static_cast<float>((4.0 + g) - r);
  double turns = sixths / 6.0 + 1.0;
  if (turns >= 1) turns -= 1;
  return static_cast<int>(static_cast<float>(turns) * 255.0);
}

/// The colour of a hue, a saturation and the largest of its values, all 0 to 255.
EXTREMA_HOST_DEVICE constexpr Rgb colour_of(int hue, int saturation, int value) {
  constexpr int one = 255 * 255;
  const int sector = hue * 6 / 255, rest = hue * 6 % 255;
  const auto shade = [&](int by) {
    return (2 * value * (one - saturation * by) + one) / (2 * one);
  };
  const int low = shade(255), falling = shade(rest), rising = shade(255 - rest);
  switch (sector) {
    case 1:
      return {falling, value, low};
    case 2:
      return {low, value, rising};
    case 3:
      return {low, falling, value};
    case 4:
      return {rising, low, value};
    case 5:
      return {value, low, falling};
    default:
      return {value, rising, low};
  }
}

/// The colour whose hue is `shift` further on the circle.
EXTREMA_HOST_DEVICE constexpr Rgb turn(int shift, Rgb p) {
  const int largest = larger(larger(p.red, p.green), p.blue),
            range = largest - smaller(smaller(p.red, p.green), p.blue);
  if (range == 0) return p;
  const int hue = (hue_of(p.red, p.green, p.blue, largest, range) + shift) & 255;
  const int saturation =
      static_cast<int>(static_cast<float>(range) / static_cast<float>(largest) * 255.0);
  return colour_of(hue, saturation, largest);
}

/// What `turns` of the colour circle are to turn().
inline int hue_shift(double turns) { return static_cast<int>(turns * 255); }

}  // namespace detail
}  // namespace extrema::data
