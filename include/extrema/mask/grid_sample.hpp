// SPDX-License-Identifier: MIT
// Uniform sampling on the grid (UM-MAE, arXiv 2205.10063): a view sees one patch of each 2 x 2
// cell.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "extrema/core/round_up.hpp"
#include "extrema/mask/concepts.hpp"

namespace extrema::mask {

/// On a grid of odd sides the cells of the last row and column reach over the edge: a place that is
/// drawn there shows nothing. So every patch is as likely on any grid, and views of odd grids
/// differ in count. Disjoint views draw different places of a cell; four of them show every patch.
struct GridSample {
  int cell = 2;  // patches of a cell's side; one of cell^2 is seen
  bool disjoint = true;

  int keep_at_most(Grid grid) const {
    return divide_up(grid.height, cell) * divide_up(grid.width, cell);
  }
  int keep_at_least(Grid grid) const { return grid.height / cell * (grid.width / cell); }
  Index scratch(Grid, int views) const { return cell * cell + views; }

  std::string refuses(Grid grid, int views) const {
    if (cell < 2) return text("cells of ", cell, " x ", cell, " hide nothing: take at least 2 x 2");
    if (std::min(grid.height, grid.width) < cell)
      return text("a grid of ", grid.height, " x ", grid.width, " has no whole cell of ", cell,
                  " x ", cell, ": take a larger image or a smaller patch or cell");
    if (disjoint && views > cell * cell)
      return text(views, " views cannot each see another patch of each ", cell, " x ", cell,
                  " cell: ask for at most ", cell * cell, ", or let them be drawn independently");
    return {};
  }
  Promises promises(Grid, int views) const {
    return {.disjoint = disjoint, .covering = disjoint && views == cell * cell, .unbiased = true};
  }

  void fill(const Request& request, const Picks& picks) const {
    require(*this, request.grid, picks.views());
    const int area = cell * cell;
    const auto scratch = take_scratch(request, this->scratch(request.grid, picks.views()));
    const auto places = scratch.first(static_cast<std::size_t>(area));  // of a cell, in any order
    const auto counts = scratch.subspan(places.size());                 // (M)
    for (int place = 0; place < area; ++place) places[static_cast<std::size_t>(place)] = place;
    std::ranges::fill(counts, 0);
    for (int top = 0; top < request.grid.height; top += cell)
      for (int left = 0; left < request.grid.width; left += cell)
        for (int view = 0; view < picks.views(); ++view) {
          const int first = disjoint ? view : 0;  // of the places that are left to draw
          const auto drawn = request.random.below(static_cast<std::uint32_t>(area - first));
          std::int32_t& place = places[static_cast<std::size_t>(first)];
          std::swap(place, places[static_cast<std::size_t>(first) + drawn]);
          const int row = top + place / cell, column = left + place % cell;
          if (row < request.grid.height && column < request.grid.width)
            picks.at(view, counts[static_cast<std::size_t>(view)]++) =
                row * request.grid.width + column;
        }
    for (int view = 0; view < picks.views(); ++view)
      picks.filled(view, counts[static_cast<std::size_t>(view)]);
  }
};

static_assert(Policy<GridSample> && !KeepsFixedCount<GridSample>);

}  // namespace extrema::mask
