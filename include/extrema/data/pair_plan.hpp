// SPDX-License-Identifier: MIT
// What the student and the teacher are to be shown of one image, as bytes that a device carries out
// (ops/augment.hpp): the crop's pixels, the taps that resize them, the colour steps.
//
//   PairPlan | CropPlan | row taps (H) | column taps (W) | row weights (H, most) |
//   column weights (W, most) | pixels (h, w, C) | where the teacher has another crop: CropPlan ...
//
// H x W is the extent that is made, h x w that of the crop's pixels.
#pragma once

#include <cstdint>

#include "extrema/core/config.hpp"
#include "extrema/core/grid.hpp"
#include "extrema/data/pixel_colour.hpp"
#include "extrema/data/weighted_sum.hpp"

namespace extrema::data {

/// Colour steps in the numbers that pixels are computed with.
struct ColourPlan {
  ColourStep step[4] = {};
  std::int32_t steps = 0;  // that are taken: 4, or none
  detail::Blend brightness{1}, contrast{1}, saturation{1};
  std::int32_t hue = 0;   // detail::turn's
  std::int32_t grey = 0;  // whether it is made grey last
};

/// The extent of a crop's pixels, and how many weights stand for each tap.
struct CropPlan {
  std::int32_t height, width;
  std::int32_t most_of_row, most_of_column;
};

/// Of the student [0] and the teacher [1].
struct PairPlan {
  std::int32_t channels = 0, height = 0, width = 0;  // that are made
  std::int32_t crop[2] = {};                         // bytes from here; the two may share one
  ColourPlan colour[2];
};

/// Where a crop's parts are.
class CropParts {
 public:
  /// `to` is the extent that is made.
  EXTREMA_HOST_DEVICE CropParts(const CropPlan* plan, const ImageExtent& to)
      : plan_{plan},
        rows_{reinterpret_cast<const detail::Tap*>(plan + 1)},
        columns_{rows_ + to.height},
        row_weights_{reinterpret_cast<const std::int32_t*>(columns_ + to.width)},
        column_weights_{row_weights_ + Index{to.height} * plan->most_of_row},
        pixels_{reinterpret_cast<const std::uint8_t*>(column_weights_ +
                                                      Index{to.width} * plan->most_of_column)} {}

  EXTREMA_HOST_DEVICE const detail::Tap& row(int y) const { return rows_[y]; }
  EXTREMA_HOST_DEVICE const detail::Tap& column(int x) const { return columns_[x]; }
  EXTREMA_HOST_DEVICE const std::int32_t* row_weights(int y) const {
    return row_weights_ + Index{y} * plan_->most_of_row;
  }
  EXTREMA_HOST_DEVICE const std::int32_t* column_weights(int x) const {
    return column_weights_ + Index{x} * plan_->most_of_column;
  }
  /// The crop's pixel, its values side by side.
  EXTREMA_HOST_DEVICE const std::uint8_t* pixel(int y, int x, int channels) const {
    return pixels_ + (Index{y} * plan_->width + x) * channels;
  }

 private:
  const CropPlan* plan_;
  const detail::Tap *rows_, *columns_;
  const std::int32_t *row_weights_, *column_weights_;
  const std::uint8_t* pixels_;
};

}  // namespace extrema::data
