// SPDX-License-Identifier: MIT
// Normalisation as devices take it: one multiplication and one addition a pixel.
#pragma once

#include <cstddef>
#include <vector>

#include "extrema/data/normalisation.hpp"

namespace extrema::data {

/// Factor and shift (C, 2): value * factor + shift = (value / 255 - mean) / deviation.
template <class W>
std::vector<W> affine(const Normalisation& normalisation) {
  std::vector<W> result;
  for (std::size_t c = 0; c < normalisation.mean.size(); ++c) {
    const auto mean = static_cast<double>(normalisation.mean[c]),
               deviation = static_cast<double>(normalisation.deviation.at(c));
    result.push_back(static_cast<W>(1 / (255 * deviation)));
    result.push_back(static_cast<W>(-mean / deviation));
  }
  return result;
}

}  // namespace extrema::data
