// SPDX-License-Identifier: MIT
// The official augmentation of ExtreMA's pretraining: what is drawn for an image, as a pure
// function of (seed, epoch, sample, view), and what is done with it.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "extrema/core/random.hpp"
#include "extrema/data/colour.hpp"
#include "extrema/data/image.hpp"
#include "extrema/data/resize.hpp"

namespace extrema::data {

struct Range {
  double low;
  double high;
};

/// What the student and the teacher are shown of an image.
enum class Pair {
  spatially_consistent_colour,  // one crop and flip, a colour draw for each
  crop_only,                    // one crop and flip, the same image for both
  centre_crop,                  // the evaluation's crop, the same image for both
  two_crops,                    // a crop, a flip and a colour draw for each
};

/// Strengths of the jitter, and how often it and grey are drawn.
struct ColourJitter {
  double brightness = 0.4;
  double contrast = 0.4;
  double saturation = 0.2;
  double hue = 0.1;
  double probability = 0.8;
  double grey = 0.2;
};

/// The recipe; the defaults are the published ones.
struct Augmentation {
  int height = 224;
  int width = 224;
  Range scale{0.2, 1};          // share of the image's area
  Range ratio{3. / 4, 4. / 3};  // width / height, log-uniform
  Interpolation interpolation = Interpolation::bilinear;
  double flip = 0.5;
  ColourJitter colour{};
  Pair pair = Pair::spatially_consistent_colour;
  bool exact_decode = false;  // never decode a JPEG at a reduced size
};

/// Whether the student and the teacher are shown the same pixels.
inline bool shares_image(Pair pair) { return pair == Pair::crop_only || pair == Pair::centre_crop; }

/// A rectangle in pixels of the whole image.
struct Box {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;
  bool operator==(const Box&) const = default;
};

struct CropDraw {
  Box box;
  bool flip = false;
};

namespace detail {

inline double between(random::Stream& stream, Range range) {
  return range.low + (range.high - range.low) * stream.uniform();
}

inline int rounded(double x) { return static_cast<int>(std::nearbyint(x)); }

/// The largest box in the middle whose ratio is allowed.
inline Box fallback_box(int height, int width, Range ratio) {
  const double whole = 1.0 * width / height;
  int w = width, h = height;
  if (whole < ratio.low) h = std::clamp(rounded(width / ratio.low), 1, height);
  else if (whole > ratio.high) w = std::clamp(rounded(height * ratio.high), 1, width);
  return {(width - w) / 2, (height - h) / 2, w, h};
}

}  // namespace detail

/// A random resized crop, drawn as torchvision does: ten tries at an area and a ratio that fit,
/// then the middle. The flip is drawn first.
inline CropDraw draw_crop(const Augmentation& recipe, int height, int width,
                          random::Stream stream) {
  const bool flip = stream.uniform() < recipe.flip;
  const Range log_ratio{std::log(recipe.ratio.low), std::log(recipe.ratio.high)};
  for (int attempt = 0; attempt < 10; ++attempt) {
    const double area = 1.0 * height * width * detail::between(stream, recipe.scale);
    const double ratio = std::exp(detail::between(stream, log_ratio));
    const int w = detail::rounded(std::sqrt(area * ratio));
    const int h = detail::rounded(std::sqrt(area / ratio));
    if (w < 1 || w > width || h < 1 || h > height) continue;
    const auto y = stream.below(static_cast<std::uint32_t>(height - h + 1));
    const auto x = stream.below(static_cast<std::uint32_t>(width - w + 1));
    return {{static_cast<int>(x), static_cast<int>(y), w, h}, flip};
  }
  return {detail::fallback_box(height, width, recipe.ratio), flip};
}

/// All of it is drawn whether it is used or not, so that one strength does not move another's draw.
inline ColourDraw draw_colour(const ColourJitter& recipe, random::Stream stream) {
  const auto factor = [&](double strength) {
    return detail::between(stream, {std::max(0.0, 1 - strength), 1 + strength});
  };
  ColourDraw draw;
  draw.jitter = stream.uniform() < recipe.probability;
  draw.grey = stream.uniform() < recipe.grey;
  draw.brightness = factor(recipe.brightness);
  draw.contrast = factor(recipe.contrast);
  draw.saturation = factor(recipe.saturation);
  draw.hue = detail::between(stream, {-recipe.hue, recipe.hue});
  for (std::uint32_t i = 0; i < 3; ++i)
    std::swap(draw.order[i], draw.order[i + stream.below(4 - i)]);
  return draw;
}

/// How much smaller an image may be decoded so that the box still has the target's size: 1, 2,
/// 4, 8.
inline int reduction(int box_height, int box_width, int height, int width) {
  for (const int by : {8, 4, 2})
    if (box_height >= by * height && box_width >= by * width) return by;
  return 1;
}

/// How the drawn box of the image becomes height x width pixels. The box counts pixels of the whole
/// image, also where `image` is a reduced one.
inline Resampling crop_resampling(ImageView image, const CropDraw& draw, int height, int width,
                                  Interpolation interpolation) {
  const double by = 1.0 / image.reduction;
  const Box& box = draw.box;
  return {{box.x * by, box.y * by, box.width * by, box.height * by},
          {width, height},
          interpolation,
          draw.flip};
}

/// The drawn box, resized and flipped, as a new image.
inline PlanarImage crop_resize(ImageView image, const CropDraw& draw, int height, int width,
                               Interpolation interpolation) {
  PlanarImage result{image.channels, height, width};
  Resizer resize;
  resize(image, crop_resampling(image, draw, height, width, interpolation), result);
  return result;
}

}  // namespace extrema::data
