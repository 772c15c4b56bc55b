// SPDX-License-Identifier: MIT
// One image file, as evaluation shows it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "extrema/data/evaluation.hpp"
#include "extrema/data/image_decoder.hpp"
#include "extrema/data/read_file.hpp"

namespace extrema::data {

/// Resized and cropped to the evaluation's extent, or as it is where it has that. Throws
/// Unreadable, which names the file.
inline Image read_image(const std::filesystem::path& path, const Evaluation& evaluation = {},
                        const DecodeOptions& options = {}) try {
  std::vector<std::uint8_t> bytes;
  read_file(path, bytes);
  ImageDecoder decoder{options};
  const auto [image, how] = read_centred(
      [&](const auto& whole_size) { return decoder.decode(bytes, whole_size); }, evaluation);
  PlanarImage result{options.channels, evaluation.height, evaluation.width};
  Resizer resize;
  resize(image, how, result);
  return interleaved(result);
} catch (const Unreadable& reason) {
  throw Unreadable{path.string(), ": ", reason.what()};
}

}  // namespace extrema::data
