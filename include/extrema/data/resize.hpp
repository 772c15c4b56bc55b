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
#include "extrema/data/taps.hpp"

namespace extrema::data {

/// A rectangle of an image in its pixels; fractions of a pixel are meant.
struct Region {
  double x = 0;
  double y = 0;
  double width = 0;
  double height = 0;
  bool operator==(const Region&) const = default;
};

/// Which part of the resized region is wanted: `width` x `height` pixels of it from (x, y) on.
struct Window {
  int full_width, full_height;
  int x = 0, y = 0;
  bool operator==(const Window&) const = default;
};

/// How an image is resized, flipped left and right where `mirror` is set. Pixels outside the
/// region's own do not count: it is cropped first.
struct Resampling {
  Region region;
  Window window;
  Interpolation interpolation = Interpolation::bilinear;
  bool mirror = false;

  /// Of an image of height x width pixels, as it is.
  static Resampling none(int height, int width) {
    return {{0, 0, 1.0 * width, 1.0 * height}, {width, height}};
  }
  /// Whether `height` x `width` pixels of it are the image as it is.
  bool changes_nothing(ImageView image, int height, int width) const {
    const Resampling same = none(height, width);
    return !mirror && image.width == width && image.height == height && region == same.region &&
           window == same.window;
  }
};

/// The sums that make a resampled image: those of rows after those of columns, over a box of the
/// image. One per thread, as it keeps its memory.
class Resampler {
 public:
  /// `height` x `width` pixels are wanted.
  void prepare(ImageView image, const Resampling& how, int height, int width) {
    const Region& region = how.region;
    left_ = static_cast<int>(region.x), top_ = static_cast<int>(region.y);
    width_ = std::min(image.width, ceiling(region.x + region.width)) - left_;
    height_ = std::min(image.height, ceiling(region.y + region.height)) - top_;
    columns_.prepare(how.interpolation, region.x - left_,
                     std::min(region.x + region.width, 1.0 * (left_ + width_)) - left_, width_,
                     how.window.full_width, how.window.x, width, how.mirror);
    rows_.prepare(how.interpolation, region.y - top_,
                  std::min(region.y + region.height, 1.0 * (top_ + height_)) - top_, height_,
                  how.window.full_height, how.window.y, height, false);
  }

  const detail::Taps& columns() const { return columns_; }
  const detail::Taps& rows() const { return rows_; }
  /// The box, whose first pixel is position 0 of rows and columns.
  int left() const { return left_; }
  int top() const { return top_; }
  int width() const { return width_; }
  int height() const { return height_; }

 private:
  static int ceiling(double x) { return static_cast<int>(std::ceil(x)); }

  detail::Taps columns_, rows_;
  int left_ = 0, top_ = 0, width_ = 0, height_ = 0;
};

/// Resizes; one per thread, as it keeps its scratch memory.
class Resizer {
 public:
  void operator()(ImageView image, const Resampling& how, Planes to) {
    if (how.changes_nothing(image, to.height, to.width)) return deinterleave(image, to);
    resampler_.prepare(image, how, to.height, to.width);
    const int left = resampler_.left(), top = resampler_.top();
    narrow_.resize(
        static_cast<std::size_t>(Index{rows().high() - rows().low()} * to.width * to.channels));
    for (int y = rows().low(); y < rows().high(); ++y) {
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
  const detail::Taps& columns() const { return resampler_.columns(); }
  const detail::Taps& rows() const { return resampler_.rows(); }

  /// One row of the input, (W, 3) -> (3, to.width); reads a byte behind it.
  void narrow_colour(const std::uint8_t* in, int y, Planes to) {
    const Index plane = Index{rows().high() - rows().low()} * to.width;
    std::uint8_t* out = narrow_.data() + Index{y - rows().low()} * to.width;
    for (int x = 0; x < to.width; ++x, ++out) {
      const std::uint8_t* pixel = in + columns().begin(x) * 3;
      const std::int32_t* weights = columns().weights(x);
      detail::Lanes sums{detail::half};
      for (int k = columns().count(x); k > 0; --k, pixel += 3) sums.add(pixel, *weights++);
      const std::uint32_t bytes = sums.bytes<detail::fraction_bits>();
      for (int c = 0; c < 3; ++c) out[c * plane] = static_cast<std::uint8_t>(bytes >> 8 * c);
    }
  }

  /// The same of any number of channels.
  template <int fixed_channels = 0>
  void narrow(const std::uint8_t* in, int y, Planes to) {
    const Index plane = Index{rows().high() - rows().low()} * to.width;
    std::uint8_t* out = narrow_.data() + Index{y - rows().low()} * to.width;
    const int channels = fixed_channels ? fixed_channels : to.channels;
    for (int x = 0; x < to.width; ++x)
      for (int c = 0; c < channels; ++c) {
        const std::uint8_t* value = in + columns().begin(x) * channels + c;
        const std::int32_t* weights = columns().weights(x);
        std::int32_t sum = detail::half;
        for (int k = 0; k < columns().count(x); ++k) sum += value[k * channels] * weights[k];
        out[c * plane + x] = detail::rounded_sum(sum);
      }
  }

  /// One row of the output, some columns at a time, whose sums stay in registers.
  void shorten(int c, int y, Planes to) {
    const Index plane = Index{rows().high() - rows().low()} * to.width;
    const std::uint8_t* in =
        narrow_.data() + c * plane + Index{rows().begin(y) - rows().low()} * to.width;
    std::uint8_t* out = to.plane(c) + Index{y} * to.width;
    int x = 0;
    for (; x + 32 <= to.width; x += 32) shorten<32>(in + x, y, to.width, out + x);
    for (; x < to.width; ++x) shorten<1>(in + x, y, to.width, out + x);
  }
  template <int count>
  void shorten(const std::uint8_t* in, int y, int stride, std::uint8_t* out) {
    const std::int32_t* weights = rows().weights(y);
    std::int32_t sum[count];
    std::fill_n(sum, count, detail::half);
    for (int k = rows().count(y); k > 0; --k, in += stride, ++weights)
      for (int i = 0; i < count; ++i) sum[i] += in[i] * *weights;
    for (int i = 0; i < count; ++i) out[i] = detail::rounded_sum(sum[i]);
  }

  Resampler resampler_;
  std::vector<std::uint8_t> narrow_;  // (C, rows, to.width)
};

}  // namespace extrema::data
