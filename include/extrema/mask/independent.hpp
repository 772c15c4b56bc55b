// SPDX-License-Identifier: MIT
// Uniform random masks (MAE, arXiv 2111.06377), one drawn for each view: views may share patches.
#pragma once

#include <string>

#include "extrema/mask/concepts.hpp"
#include "extrema/mask/random_order.hpp"
#include "extrema/mask/ratio.hpp"

namespace extrema::mask {

/// With explicit keys (Request::keys), view v takes [v N, (v + 1) N).
struct Independent {
  double ratio = 0.8;  // of the patches a view does not see
  Rounding rounding = Rounding::truncate;

  int keep(Grid grid) const { return kept(ratio, grid.size(), rounding); }
  Index scratch(Grid grid, int) const { return RandomOrder::scratch(grid); }
  std::string refuses(Grid grid, int) const { return refuses_ratio(ratio, rounding, grid); }
  Promises promises(Grid, int) const { return {.unbiased = true}; }

  void fill(const Request& request, const Picks& picks) const {
    for (int view = 0; view < picks.views(); ++view)
      RandomOrder{request, view}.copy(0, picks[view]);
  }
};

static_assert(Policy<Independent>);

template <>
struct CutOf<Independent> {
  static Cut of(const Independent&) { return Cut::an_order_each; }
};

}  // namespace extrema::mask
