// SPDX-License-Identifier: MIT
// Pictures of what a model sees: an image with its hidden patches faded, a map of patches as heat,
// several side by side.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "extrema/core/error.hpp"
#include "extrema/core/grid.hpp"
#include "extrema/data/image.hpp"

namespace extrema::data {

/// As three channels, each pixel `times` by `times`: small images become large enough to look at.
inline Image enlarged(ImageView image, int times) {
  if (image.channels != 1 && image.channels != 3)
    throw Error{"enlarged: expected 1 or 3 channels, found ", image.channels};
  Image result;
  result.resize(3, image.height * times, image.width * times);
  auto to = result.pixels.begin();
  for (int y = 0; y < result.height; ++y)
    for (int x = 0; x < result.width; ++x)
      for (int c = 0; c < 3; ++c)
        *to++ = image.row(y / times)[x / times * image.channels + std::min(c, image.channels - 1)];
  return result;
}

namespace detail {

/// Calls body(pixel, patch) for each pixel, which is a channel's value.
template <class Body>
void each_pixel(Image& image, Grid grid, const Body& body) {
  auto at = image.pixels.begin();
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x)
      for (int c = 0; c < image.channels; ++c, ++at)
        *at = body(*at, c,
                   y * grid.height / image.height * grid.width + x * grid.width / image.width);
}

}  // namespace detail

/// Patches that the view does not show become pale blue, with a trace of the image.
inline Image faded(Image image, Grid grid, std::span<const std::int32_t> shown) {
  std::vector<bool> seen(static_cast<std::size_t>(grid.size()));
  for (const std::int32_t patch : shown) seen.at(static_cast<std::size_t>(patch)) = true;
  constexpr int pale[3] = {196, 210, 232};
  detail::each_pixel(image, grid, [&](std::uint8_t value, int channel, int patch) {
    if (seen[static_cast<std::size_t>(patch)]) return value;
    return static_cast<std::uint8_t>(pale[channel % 3] + value / 12);
  });
  return image;
}

/// A value per patch over the image, which is darkened: the largest becomes orange.
inline Image heated(Image image, Grid grid, std::span<const float> values) {
  const auto [least, most] = std::ranges::minmax(values);
  const float range = std::max(most - least, 1e-12f);
  constexpr float orange[3] = {255, 140, 20};
  detail::each_pixel(image, grid, [&, least = least](std::uint8_t value, int channel, int patch) {
    const float heat = (values[static_cast<std::size_t>(patch)] - least) / range;
    const float dark = static_cast<float>(value) * 0.5f;
    return static_cast<std::uint8_t>(dark + heat * 0.75f * (orange[channel % 3] - dark));
  });
  return image;
}

/// Images of one extent in one line, `gap` white pixels between them.
inline Image side_by_side(std::span<const Image> images, int gap = 8) {
  if (images.empty()) throw Error{"side_by_side: expected images, found none"};
  const Image& first = images.front();
  const int count = static_cast<int>(images.size());
  Image result;
  result.resize(first.channels, first.height, count * first.width + (count - 1) * gap);
  std::ranges::fill(result.pixels, std::uint8_t{255});
  for (int i = 0; i < count; ++i) {
    const Image& image = images[static_cast<std::size_t>(i)];
    if (image.channels != first.channels || image.height != first.height ||
        image.width != first.width)
      throw Error{"side_by_side: image ", i, " is of another extent than the first"};
    for (int y = 0; y < image.height; ++y)
      std::copy_n(image.view().row(y), image.width * image.channels,
                  result.pixels.begin() +
                      (Index{y} * result.width + i * (image.width + gap)) * image.channels);
  }
  return result;
}

}  // namespace extrema::data
