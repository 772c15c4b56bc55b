// SPDX-License-Identifier: MIT
// Images of 8 bits: interleaved (H, W, C) as decoders give them, planar (C, H, W) as batches hold
// them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "extrema/core/grid.hpp"

namespace extrema::data {

/// Interleaved pixels that belong to somebody else. `reduction` 2 says that they are the whole
/// image at half its size (rounded up), see data/concepts.hpp.
struct ImageView {
  int channels = 0;
  int height = 0;
  int width = 0;
  const std::uint8_t* pixels = nullptr;  // (H, W, C)
  int reduction = 1;

  const std::uint8_t* row(int y) const { return pixels + Index{y} * width * channels; }
  Index size() const { return Index{channels} * height * width; }
};

/// Interleaved pixels.
struct Image {
  int channels = 0;
  int height = 0;
  int width = 0;
  std::vector<std::uint8_t> pixels;  // (H, W, C)

  /// Keeps its memory where that suffices.
  void resize(int new_channels, int new_height, int new_width) {
    channels = new_channels;
    height = new_height;
    width = new_width;
    pixels.resize(static_cast<std::size_t>(view().size()));
  }
  ImageView view() const { return {channels, height, width, pixels.data()}; }
  operator ImageView() const { return view(); }
};

/// Planar pixels that belong to somebody else, to be written.
struct Planes {
  int channels = 0;
  int height = 0;
  int width = 0;
  std::uint8_t* pixels = nullptr;  // (C, H, W)

  Index area() const { return Index{height} * width; }
  Index size() const { return channels * area(); }
  std::uint8_t* plane(int channel) const { return pixels + channel * area(); }
};

/// Planar pixels.
class PlanarImage {
 public:
  PlanarImage(int channels, int height, int width)
      : pixels_(static_cast<std::size_t>(Index{channels} * height * width)),
        planes_{channels, height, width, pixels_.data()} {}
  PlanarImage(PlanarImage&&) = default;
  PlanarImage& operator=(PlanarImage&&) = default;

  Planes planes() const { return planes_; }
  operator Planes() const { return planes_; }

 private:
  std::vector<std::uint8_t> pixels_;
  Planes planes_;
};

/// (H, W, C) -> (C, H, W), of one extent.
inline void deinterleave(ImageView image, Planes to) {
  for (int c = 0; c < image.channels; ++c)
    for (Index i = 0; i < to.area(); ++i) to.plane(c)[i] = image.pixels[i * image.channels + c];
}

/// (C, H, W) -> (H, W, C).
inline Image interleaved(Planes planes) {
  Image image;
  image.resize(planes.channels, planes.height, planes.width);
  for (int c = 0; c < planes.channels; ++c)
    for (Index i = 0; i < planes.area(); ++i)
      image.pixels.data()[i * planes.channels + c] = planes.plane(c)[i];
  return image;
}

}  // namespace extrema::data
