// SPDX-License-Identifier: MIT
// How images are shown for evaluation: resized so that the target covers the middle part, and
// cropped there.
#pragma once

#include <algorithm>
#include <cmath>
#include <utility>

#include "extrema/data/augmentation.hpp"
#include "extrema/data/concepts.hpp"
#include "extrema/data/image.hpp"
#include "extrema/data/resize.hpp"

namespace extrema::data {

struct Evaluation {
  int height = 224;
  int width = 224;
  double resize = 256.0 / 224;  // the shorter side before the crop, relative to the target
  Interpolation interpolation = Interpolation::bilinear;
  bool exact_decode = false;  // never decode a JPEG at a reduced size
};

/// The shorter side becomes `shorter`, the longer one follows (rounded down); the middle height x
/// width pixels are cropped, which fit. `image` may be a whole one's reduced form.
inline Resampling centre_crop(ImageView image, int whole_height, int whole_width, int shorter,
                              Interpolation interpolation, int height, int width) {
  const Index h = whole_height, w = whole_width;
  const int full_height = h <= w ? shorter : static_cast<int>(shorter * h / w);
  const int full_width = h <= w ? static_cast<int>(shorter * w / h) : shorter;
  const double by = 1.0 / image.reduction;
  return {{0, 0, whole_width * by, whole_height * by},
          {full_width, full_height, detail::rounded((full_width - width) / 2.0),
           detail::rounded((full_height - height) / 2.0)},
          interpolation};
}

/// The shorter side that a recipe asks of an image. (Where the target is not square, enough for
/// both its sides.)
inline int shorter_side(const Evaluation& recipe, int height, int width) {
  const double scale =
      std::max(recipe.resize * recipe.height / height, recipe.resize * recipe.width / width);
  return std::max(
      {detail::rounded(scale * std::min(height, width)), std::min(recipe.height, recipe.width)});
}

/// The recipe's crop.
inline Resampling centre_crop(ImageView image, int whole_height, int whole_width,
                              const Evaluation& recipe) {
  return centre_crop(image, whole_height, whole_width,
                     shorter_side(recipe, whole_height, whole_width), recipe.interpolation,
                     recipe.height, recipe.width);
}

/// How much smaller an image may be decoded: the resized image is not larger than that.
inline int reduction(const Evaluation& recipe, int height, int width) {
  if (recipe.exact_decode) return 1;
  const int shorter = shorter_side(recipe, height, width);
  return reduction(height, width, shorter, shorter);
}

/// What `read(whole_size)` decodes of an image, and how it becomes the recipe's extent. One that
/// has this size already is taken as it is. Throws what `read` does.
template <class Read>
std::pair<ImageView, Resampling> read_centred(const Read& read, const Evaluation& recipe) {
  int whole_height = 0, whole_width = 0;
  const ImageView image = read([&](int height, int width) {
    whole_height = height, whole_width = width;
    return reduction(recipe, height, width);
  });
  if (whole_height == recipe.height && whole_width == recipe.width && image.reduction == 1)
    return {image, Resampling::none(image.height, image.width)};
  return {image, centre_crop(image, whole_height, whole_width, recipe)};
}

/// Image i of a data set; the view lives until the next is read. Throws Unreadable.
template <ImageReader R>
std::pair<ImageView, Resampling> read_centred(R& reader, Index i, const Evaluation& recipe) {
  return read_centred([&](const auto& whole_size) { return reader.read(i, whole_size); }, recipe);
}

}  // namespace extrema::data
