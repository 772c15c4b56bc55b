// SPDX-License-Identifier: MIT
// From a masking ratio to a number of patches, by a rounding rule with a name.
#pragma once

#include <cmath>
#include <string>

#include "extrema/core/grid.hpp"
#include "extrema/core/text.hpp"

namespace extrema::mask {

/// What becomes of N (1 - ratio) patches to keep, when that is no whole number.
enum class Rounding {
  truncate,  // the official code's: the double product is cut, so 0.8 of 100 patches leave 19
  nearest,   // half a patch is kept
  up,        // at least what was asked is kept; 1e-9 above a whole number counts as that number
};

/// How many of N patches a view keeps when `ratio` of them is hidden; 0 for a ratio outside [0, 1].
inline int kept(double ratio, int patches, Rounding rounding = Rounding::truncate) {
  if (!(ratio >= 0 && ratio <= 1)) return 0;
  const double exact = patches * (1 - ratio);
  switch (rounding) {
    case Rounding::truncate:
      break;
    case Rounding::nearest:
      return static_cast<int>(std::lround(exact));
    case Rounding::up:
      return static_cast<int>(std::ceil(exact - 1e-9));
  }
  return static_cast<int>(exact);
}

/// Why a view cannot hide `ratio` of the grid, in a sentence; empty if it can.
inline std::string refuses_ratio(double ratio, Rounding rounding, Grid grid) {
  if (!(ratio > 0 && ratio < 1))
    return text("a mask ratio of ", ratio, " is not between 0 and 1: it is the share of the",
                " patches that a view does not see, such as 0.8");
  if (kept(ratio, grid.size(), rounding) < 1)
    return text("a mask ratio of ", ratio, " keeps none of the ", grid.size(),
                " patches of a grid of ", grid.height, " x ", grid.width,
                ": lower the ratio, or round up");
  return {};
}

}  // namespace extrema::mask
