// SPDX-License-Identifier: MIT
// A policy turned inside out: its views show what another policy's hide.   M views, N patches
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "extrema/mask/concepts.hpp"

namespace extrema::mask {

/// Complement{InverseBlock{.ratio = 0.3}} hides one rectangle of 70 % of the patches.
template <Policy P>
struct Complement {
  P of = {};

  int keep(Grid grid) const requires KeepsFixedCount<P> { return grid.size() - of.keep(grid); }
  int keep_at_most(Grid grid) const requires(!KeepsFixedCount<P>) {
    return grid.size() - mask::keep_at_least(of, grid);
  }
  int keep_at_least(Grid grid) const { return grid.size() - mask::keep_at_most(of, grid); }

  /// The other's views (M, K) | their counts (M) | which patches one of them shows (N) | its
  /// scratch
  Index scratch(Grid grid, int views) const {
    return Index{views} * (mask::keep_at_most(of, grid) + 1) + grid.size() +
           scratch_size(of, grid, views);
  }
  Needs needs() const { return mask::needs(of); }

  std::string refuses(Grid grid, int views) const {
    if (std::string sentence = refusal(of, grid, views); !sentence.empty()) return sentence;
    if (mask::keep_at_least(of, grid) == grid.size())
      return text("the complement of views that show all ", grid.size(),
                  " patches shows nothing: raise the ratio of what it is of");
    return {};
  }
  Promises promises(Grid grid, int views) const {
    const Promises p = mask::promises(of, grid, views);
    return {.disjoint = views == 1 || (views == 2 && p.covering),
            .covering = views >= 2 && p.disjoint,
            .unbiased = p.unbiased};
  }

  void fill(const Request& request, const Picks& picks) const {
    const Grid grid = request.grid;
    const int views = picks.views(), most = mask::keep_at_most(of, grid);
    const auto scratch = take_scratch(request, this->scratch(grid, views));
    const auto counts = scratch.subspan(static_cast<std::size_t>(views * most)),
               shown = counts.subspan(static_cast<std::size_t>(views));
    Request inner = request;
    inner.scratch = shown.subspan(static_cast<std::size_t>(grid.size()));
    const Picks hidden{scratch.data(), most, views, most, counts.data()};
    std::ranges::fill(counts.first(static_cast<std::size_t>(views)), -1);
    fill_views(of, inner, hidden);
    for (int view = 0; view < views; ++view) {
      std::ranges::fill(shown.first(static_cast<std::size_t>(grid.size())), 0);
      mark(hidden, view, counts[static_cast<std::size_t>(view)], grid, shown);
      int count = 0;
      for (int patch = 0; patch < grid.size() && count < picks.keep(); ++patch)
        if (!shown[static_cast<std::size_t>(patch)]) picks.at(view, count++) = patch;
      picks.filled(view, count);
    }
  }

 private:
  static void mark(const Picks& picks, int view, int count, Grid grid,
                   std::span<std::int32_t> shown) {
    if (count < 0 || count > picks.keep())
      throw Error{"mask::Complement: the policy's view ",
                  view,
                  " has ",
                  count,
                  " picks, expected ",
                  "0 to ",
                  picks.keep(),
                  " and a call of Picks::filled"};
    for (int i = 0; i < count; ++i) {
      const int patch = picks.at(view, i);
      if (patch < 0 || patch >= grid.size())
        throw Error{"mask::Complement: the policy's view ",
                    view,
                    " shows patch ",
                    patch,
                    ", outside a grid of ",
                    grid.size()};
      shown[static_cast<std::size_t>(patch)] = 1;
    }
  }
};
template <class P>
Complement(P) -> Complement<P>;

}  // namespace extrema::mask
