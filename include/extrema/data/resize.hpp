// SPDX-License-Identifier: MIT
// Antialiased bilinear and bicubic resizing of a box of an image, in the 8-bit fixed-point
// arithmetic of Pillow: a horizontal pass, rounded to 8 bits, then a vertical one.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "extrema/data/image.hpp"
#include "extrema/data/lanes.hpp"

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
  static constexpr int fraction_bits = 22;

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
  /// The input positions that any output needs: [low, high).
  int low() const { return low_; }
  int high() const { return high_; }

  static std::uint8_t round(std::int32_t sum) {
    return static_cast<std::uint8_t>(std::clamp(sum >> fraction_bits, 0, 255));
  }
  static constexpr std::int32_t half = 1 << (fraction_bits - 1);

 private:
  struct Tap {
    int begin, count;
  };
  std::vector<Tap> taps_;
  std::vector<std::int32_t> weights_;  // (count, most)
  std::vector<double> exact_;          // (most)
  int most_ = 0, low_ = 0, high_ = 0;
};

}  // namespace detail

/// A rectangle of an image in its pixels; fractions of a pixel are meant.
struct Region {
  double x = 0;
  double y = 0;
  double width = 0;
  double height = 0;
};

/// Which part of the resized region is wanted: `width` x `height` pixels of it from (x, y) on.
struct Window {
  int full_width, full_height;
  int x = 0, y = 0;
};

/// Resizes; one per thread, as it keeps its scratch memory.
class Resizer {
 public:
  /// `region` of `image`, resized to the extent of `to`. Pixels outside the region's own pixels do
  /// not count: it is cropped first. `mirror` flips left and right.
  void operator()(ImageView image, Region region, Interpolation interpolation, bool mirror,
                  Planes to) {
    (*this)(image, region, interpolation, mirror, {to.width, to.height}, to);
  }

  /// The part of the resized region that begins at (window.x, window.y).
  void operator()(ImageView image, Region region, Interpolation interpolation, bool mirror,
                  Window window, Planes to) {
    const int left = static_cast<int>(region.x), top = static_cast<int>(region.y);
    const int right = std::min(image.width, ceiling(region.x + region.width));
    const int bottom = std::min(image.height, ceiling(region.y + region.height));
    columns_.prepare(interpolation, region.x - left,
                     std::min(region.x + region.width, 1.0 * right) - left, right - left,
                     window.full_width, window.x, to.width, mirror);
    rows_.prepare(interpolation, region.y - top,
                  std::min(region.y + region.height, 1.0 * bottom) - top, bottom - top,
                  window.full_height, window.y, to.height, false);
    narrow_.resize(
        static_cast<std::size_t>(Index{rows_.high() - rows_.low()} * to.width * to.channels));
    for (int y = rows_.low(); y < rows_.high(); ++y) {
      const std::uint8_t* in = image.row(top + y) + Index{left} * image.channels;
      const bool last = top + y + 1 == image.height;  // nothing may be read behind it
      if (image.channels == 3 && !last) narrow_colour(in, y, to);
      else if (image.channels == 1) narrow<1>(in, y, to);
      else narrow(in, y, to);
    }
    for (int c = 0; c < to.channels; ++c)
      for (int y = 0; y < to.height; ++y) shorten(c, y, to);
  }

 private:
  static int ceiling(double x) { return static_cast<int>(std::ceil(x)); }

  /// One row of the input, (W, 3) -> (3, to.width); reads a byte behind it.
  void narrow_colour(const std::uint8_t* in, int y, Planes to) {
    const Index plane = Index{rows_.high() - rows_.low()} * to.width;
    std::uint8_t* out = narrow_.data() + Index{y - rows_.low()} * to.width;
    for (int x = 0; x < to.width; ++x, ++out) {
      const std::uint8_t* pixel = in + columns_.begin(x) * 3;
      const std::int32_t* weights = columns_.weights(x);
      detail::Lanes sums{detail::Taps::half};
      for (int k = columns_.count(x); k > 0; --k, pixel += 3) sums.add(pixel, *weights++);
      const std::uint32_t bytes = sums.bytes<detail::Taps::fraction_bits>();
      for (int c = 0; c < 3; ++c) out[c * plane] = static_cast<std::uint8_t>(bytes >> 8 * c);
    }
  }

  /// The same of any number of channels.
  template <int fixed_channels = 0>
  void narrow(const std::uint8_t* in, int y, Planes to) {
    const Index plane = Index{rows_.high() - rows_.low()} * to.width;
    std::uint8_t* out = narrow_.data() + Index{y - rows_.low()} * to.width;
    const int channels = fixed_channels ? fixed_channels : to.channels;
    for (int x = 0; x < to.width; ++x)
      for (int c = 0; c < channels; ++c) {
        const std::uint8_t* value = in + columns_.begin(x) * channels + c;
        const std::int32_t* weights = columns_.weights(x);
        std::int32_t sum = detail::Taps::half;
        for (int k = 0; k < columns_.count(x); ++k) sum += value[k * channels] * weights[k];
        out[c * plane + x] = detail::Taps::round(sum);
      }
  }

  /// One row of the output, some columns at a time, whose sums stay in registers.
  void shorten(int c, int y, Planes to) {
    const Index plane = Index{rows_.high() - rows_.low()} * to.width;
    const std::uint8_t* in =
        narrow_.data() + c * plane + Index{rows_.begin(y) - rows_.low()} * to.width;
    std::uint8_t* out = to.plane(c) + Index{y} * to.width;
    int x = 0;
    for (; x + 32 <= to.width; x += 32) shorten<32>(in + x, y, to.width, out + x);
    for (; x < to.width; ++x) shorten<1>(in + x, y, to.width, out + x);
  }
  template <int columns>
  void shorten(const std::uint8_t* in, int y, int stride, std::uint8_t* out) {
    const std::int32_t* weights = rows_.weights(y);
    std::int32_t sum[columns];
    std::fill_n(sum, columns, detail::Taps::half);
    for (int k = rows_.count(y); k > 0; --k, in += stride, ++weights)
      for (int i = 0; i < columns; ++i) sum[i] += in[i] * *weights;
    for (int i = 0; i < columns; ++i) out[i] = detail::Taps::round(sum[i]);
  }

  detail::Taps columns_, rows_;
  std::vector<std::uint8_t> narrow_;  // (C, rows, to.width)
};

}  // namespace extrema::data
