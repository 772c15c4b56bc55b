// SPDX-License-Identifier: MIT
// Inverse block masks (CAPI, arXiv 2502.08769): a view sees one rectangle, rolled around the
// grid's edges, and nothing else.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>

#include "extrema/core/round_up.hpp"
#include "extrema/mask/concepts.hpp"
#include "extrema/mask/ratio.hpp"

namespace extrema::mask {

/// The rectangle is just large enough and its last row is cut, so that the count is exact. Rolled,
/// it begins at any patch as likely and goes on at the opposite edge, so no patch is preferred; not
/// rolled, it lies inside the grid, and the edges are seen less often. Hide the rectangle instead
/// by Complement.
struct InverseBlock {
  double ratio = 0.65;  // of the patches a view does not see
  double aspect = 0.5;  // height to width of the flattest rectangle; the tallest has 1 / aspect
  bool roll = true;
  Rounding rounding = Rounding::truncate;

  int keep(Grid grid) const { return kept(ratio, grid.size(), rounding); }

  std::string refuses(Grid grid, int) const {
    if (!(aspect > 0 && aspect <= 1))
      return text("an aspect of ", aspect, " is not in (0, 1]: it is the flattest rectangle's, 0.5",
                  " in CAPI");
    return refuses_ratio(ratio, rounding, grid);
  }
  Promises promises(Grid, int) const { return {.unbiased = roll}; }

  void fill(const Request& request, const Picks& picks) const {
    require(*this, request.grid, picks.views());
    const auto below = [&](int n) {
      return static_cast<int>(request.random.below(static_cast<std::uint32_t>(n)));
    };
    const auto [rows, columns] = request.grid;
    const int count = picks.keep();
    for (int view = 0; view < picks.views(); ++view) {
      const double shape = std::exp((2 * request.random.uniform() - 1) * std::log(1 / aspect));
      const double side = std::min(std::sqrt(count * shape), 1e6);
      const int height = std::clamp(static_cast<int>(std::lround(side)), divide_up(count, columns),
                                    std::min(rows, count));
      const int width = divide_up(count, height);
      const int top = below(roll ? rows : rows - height + 1),
                left = below(roll ? columns : columns - width + 1);
      for (int i = 0; i < count; ++i)
        picks.at(view, i) = (top + i / width) % rows * columns + (left + i % width) % columns;
    }
  }
};

static_assert(Policy<InverseBlock>);

}  // namespace extrema::mask
