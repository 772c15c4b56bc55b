// SPDX-License-Identifier: MIT
// A policy whose ratio changes in the course of training, as curricula do (iBOT's start epoch,
// SemMAE and HPM from easy to hard).
#pragma once

#include <algorithm>
#include <concepts>
#include <string>

#include "extrema/mask/concepts.hpp"

namespace extrema::mask {

template <class P>
concept HasRatio = Policy<P> && requires(P policy, double ratio) {
  policy.ratio = ratio;
  { policy.ratio } -> std::convertible_to<double>;
};

/// Schedule<Disjoint>{.from = {.ratio = 0.6}, .to = 0.9}: the ratio moves evenly while the
/// training's progress is between `begin` and `end`, and stands still before and after. All views
/// of a batch have one ratio. What else `from` says stays.
template <HasRatio P>
struct Schedule {
  P from = {};
  double to = 0.9;  // the ratio in the end
  double begin = 0, end = 1;

  /// The policy at some progress of the training.
  P at(double progress) const {
    const double share = progress >= end    ? 1
                         : progress > begin ? (progress - begin) / (end - begin)
                                            : 0;
    P now = from;
    now.ratio = share == 1 ? to : from.ratio + share * (to - from.ratio);
    return now;
  }

  int keep_at_most(Grid grid) const {
    return std::max(mask::keep_at_most(from, grid), mask::keep_at_most(at(1), grid));
  }
  int keep_at_least(Grid grid) const {
    return std::min(mask::keep_at_least(from, grid), mask::keep_at_least(at(1), grid));
  }
  Index scratch(Grid grid, int views) const {
    return std::max(scratch_size(from, grid, views), scratch_size(at(1), grid, views));
  }
  Needs needs() const { return mask::needs(from); }

  std::string refuses(Grid grid, int views) const {
    if (!(begin >= 0 && begin <= end && end <= 1))
      return text("a schedule from ", begin, " to ", end,
                  " is none: expected 0 <= begin <= end <= 1, shares of the training");
    if (std::string sentence = refusal(from, grid, views); !sentence.empty()) return sentence;
    return refusal(at(1), grid, views);
  }
  Promises promises(Grid grid, int views) const {
    const Promises a = mask::promises(from, grid, views), b = mask::promises(at(1), grid, views);
    return {.disjoint = a.disjoint && b.disjoint, .unbiased = a.unbiased && b.unbiased};
  }

  void fill(const Request& request, const Picks& picks) const {
    fill_views(at(request.progress), request, picks);
  }
};

}  // namespace extrema::mask
