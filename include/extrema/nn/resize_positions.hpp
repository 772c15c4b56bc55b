// SPDX-License-Identifier: MIT
// Tables of positions for another grid, by bicubic interpolation (Keys, 1981, with a = -3/4), as
// PyTorch resizes without antialiasing and with align_corners off.   D = width
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <vector>

#include "extrema/core/error.hpp"
#include "extrema/core/grid.hpp"

namespace extrema::nn {

namespace detail {

/// The four neighbours of an output position and their weights.
struct CubicTaps {
  std::array<Index, 4> at;
  std::array<double, 4> weight;

  /// Of position i of `to`, in a line of `from`; beyond the ends, the ends count.
  CubicTaps(int i, int from, int to) {
    const double centre = (i + 0.5) * from / to - 0.5, below = std::floor(centre);
    for (int k = 0; k < 4; ++k) {
      const auto place = static_cast<Index>(below) + k - 1;
      const auto tap = static_cast<std::size_t>(k);
      at[tap] = std::clamp<Index>(place, 0, from - 1);
      weight[tap] = kernel(std::abs(centre - static_cast<double>(place)));
    }
  }

 private:
  static double kernel(double x) {
    constexpr double a = -0.75;
    if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
    return 0;
  }
};

}  // namespace detail

/// table (from.size(), D) -> (to.size(), D), on the host. Grids need not be square. Throws Error if
/// the table is not of `from`, or a grid is empty.
template <std::floating_point S>
std::vector<S> resize_positions(const std::vector<S>& table, Grid from, Grid to, Index width) {
  if (from.height < 1 || from.width < 1 || to.height < 1 || to.width < 1)
    throw Error{"resize_positions: from ",
                from.height,
                " x ",
                from.width,
                " to ",
                to.height,
                " x ",
                to.width,
                ": a grid is empty"};
  if (std::ssize(table) != from.size() * width)
    throw Error{"resize_positions: found ",
                table.size(),
                " numbers, expected ",
                from.size(),
                " rows of ",
                width};
  std::vector<S> result(static_cast<std::size_t>(to.size() * width));
  for (int y = 0; y < to.height; ++y) {
    const detail::CubicTaps rows{y, from.height, to.height};
    for (int x = 0; x < to.width; ++x) {
      const detail::CubicTaps columns{x, from.width, to.width};
      S* const out = result.data() + (Index{y} * to.width + x) * width;
      for (Index d = 0; d < width; ++d) {
        double sum = 0;
        for (std::size_t i = 0; i < 4; ++i) {
          double line = 0;
          for (std::size_t j = 0; j < 4; ++j)
            line += columns.weight[j] *
                    static_cast<double>(
                        table.data()[(rows.at[i] * from.width + columns.at[j]) * width + d]);
          sum += rows.weight[i] * line;
        }
        out[d] = static_cast<S>(sum);
      }
    }
  }
  return result;
}

}  // namespace extrema::nn
