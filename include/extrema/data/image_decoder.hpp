// SPDX-License-Identifier: MIT
// Decodes the bytes of a JPEG or PNG file, told apart by what they begin with.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>

#include "extrema/data/image.hpp"
#include "extrema/data/jpeg.hpp"
#include "extrema/data/pixel_colour.hpp"
#include "extrema/data/png.hpp"
#include "extrema/data/unreadable.hpp"

namespace extrema::data {

/// Which images are taken, and how.
struct DecodeOptions {
  int channels = 3;                      // 1 or 3: grey is repeated, colour becomes luma
  std::int64_t most_pixels = 178956970;  // more are refused before memory is taken
  int least_side = 2;                    // smaller ones are refused: they show nothing
};

/// One per thread, as it keeps its buffers.
class ImageDecoder {
 public:
  explicit ImageDecoder(DecodeOptions options = {}) : options_{options} {}

  /// `whole_size` as in data/concepts.hpp; only JPEGs are decoded at a reduced size. Throws
  /// Unreadable with the reason alone. The view lives until the following call.
  template <std::invocable<int, int> F>
  ImageView decode(std::span<const std::uint8_t> bytes, F&& whole_size) {
    if (bytes.empty()) throw Unreadable{"the file is empty"};
    int reduction = 1;
    if (JpegDecoder::accepts(bytes)) {
      const auto header = jpeg_.header(bytes);
      check(header.height, header.width);
      reduction = whole_size(header.height, header.width);
      jpeg_.decode(bytes, header, reduction, options_.channels, image_);
    } else if (PngReader::accepts(bytes)) {
      PngReader png{bytes};
      check(png.height(), png.width());
      whole_size(png.height(), png.width());
      png.decode(image_);
      if (image_.channels != options_.channels) convert();
    } else {
      throw Unreadable{"neither a JPEG nor a PNG"};
    }
    ImageView view = image_;
    view.reduction = reduction;
    return view;
  }

 private:
  void check(int height, int width) const {
    if (std::int64_t{height} * width > options_.most_pixels)
      throw Unreadable{width, " x ", height, " pixels are more than the limit of ",
                       options_.most_pixels};
    if (height < options_.least_side || width < options_.least_side)
      throw Unreadable{width,       " x ", height, " pixels are fewer than ", options_.least_side,
                       " on a side"};
  }

  /// Between grey and colour.
  void convert() {
    converted_.resize(options_.channels, image_.height, image_.width);
    const std::uint8_t* in = image_.pixels.data();
    std::uint8_t* out = converted_.pixels.data();
    const Index pixels = Index{image_.height} * image_.width;
    if (options_.channels == 3)
      for (Index i = 0; i < pixels; ++i) out[3 * i] = out[3 * i + 1] = out[3 * i + 2] = in[i];
    else
      for (Index i = 0; i < pixels; ++i)
        out[i] = detail::luma(in[3 * i], in[3 * i + 1], in[3 * i + 2]);
    std::swap(image_, converted_);
  }

  DecodeOptions options_;
  JpegDecoder jpeg_;
  Image image_, converted_;
};

}  // namespace extrema::data
