// SPDX-License-Identifier: MIT
// The mean and deviation per channel that pixels are normalised by. Batches stay 8-bit; devices
// normalise where they gather patches.
#pragma once

#include <cmath>
#include <vector>

#include "extrema/core/error.hpp"
#include "extrema/data/image.hpp"

namespace extrema::data {

/// A value v of channel c counts as (v / 255 - mean[c]) / deviation[c].
struct Normalisation {
  std::vector<float> mean;
  std::vector<float> deviation;

  static Normalisation imagenet() { return {{0.485f, 0.456f, 0.406f}, {0.229f, 0.224f, 0.225f}}; }
  /// For what is known of nothing else: ImageNet's for 3 channels, else 0.5 and 0.25.
  static Normalisation usual(int channels) {
    if (channels == 3) return imagenet();
    const auto count = static_cast<std::size_t>(channels);
    return {std::vector(count, 0.5f), std::vector(count, 0.25f)};
  }
  bool operator==(const Normalisation&) const = default;

  /// Throws Error where there are not as many of both as channels, or one cannot be divided by.
  void require(int channels) const {
    const auto count = static_cast<std::size_t>(channels);
    if (mean.size() != count || deviation.size() != count)
      throw Error{"Normalisation: expected a mean and a deviation for each of ",
                  channels,
                  " channels, found ",
                  mean.size(),
                  " and ",
                  deviation.size()};
    for (std::size_t c = 0; c < count; ++c)
      if (!(std::isfinite(mean[c]) && std::isfinite(deviation[c]) && deviation[c] > 0))
        throw Error{"Normalisation: channel ",
                    c,
                    " has mean ",
                    mean[c],
                    " and deviation ",
                    deviation[c],
                    ", expected finite numbers, the deviation above 0"};
  }
};

/// (C, H, W) -> (C, H, W).
inline void normalise(Planes image, const Normalisation& by, float* to) {
  by.require(image.channels);
  for (int c = 0; c < image.channels; ++c) {
    const float mean = by.mean.data()[c], deviation = by.deviation.data()[c];
    for (Index i = 0; i < image.area(); ++i)
      *to++ = (static_cast<float>(image.plane(c)[i]) / 255 - mean) / deviation;
  }
}

}  // namespace extrema::data
