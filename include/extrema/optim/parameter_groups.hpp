// SPDX-License-Identifier: MIT
// Which parameters decay, and how fast each of them learns.
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <vector>

#include "extrema/core/parameters.hpp"
#include "extrema/ops/segment.hpp"

namespace extrema::optim {

/// A parameter's share of the learning rate and of the weight decay.
struct Rates {
  double rate = 1;   // 0: not trained
  double decay = 1;  // 0: not decayed
};

/// As the official code groups them: matrices decay; vectors, biases, scales and class tokens do
/// not (the layers say so as they lay them out); a frozen table is in no group. `layer_decay` < 1
/// gives each layer the rate layer_decay^(deepest - depth), as in BEiT's fine-tuning (arXiv
/// 2106.08254): the patch embedding has depth 0.
struct ParameterGroups {
  double layer_decay = 1;  // in (0, 1]

  Rates operator()(const ParameterEntry& entry, int deepest) const {
    return {.rate = std::pow(layer_decay, deepest - entry.traits.depth),
            .decay = entry.traits.decays ? 1.0 : 0.0};
  }
};

/// groups(entry, depth of the deepest parameter) returns the entry's Rates: one's own may be a
/// lambda.
template <class G>
concept GroupsParameters = requires(const G& groups, const ParameterEntry& entry, int deepest) {
  { groups(entry, deepest) } -> std::convertible_to<Rates>;
};

/// One segment for each parameter of the layout, its padding included.
template <GroupsParameters Groups = ParameterGroups>
std::vector<ops::Segment> separate_segments(const Layout& layout, const Groups& groups = {}) {
  int deepest = 0;
  for (const ParameterEntry& entry : layout.entries())
    deepest = std::max(deepest, entry.traits.depth);
  std::vector<ops::Segment> result;
  result.reserve(layout.entries().size());
  for (const ParameterEntry& entry : layout.entries()) {
    const Rates rates = groups(entry, deepest);
    if (!result.empty()) result.back().end = entry.where.offset;
    result.push_back({layout.size(), entry.traits.trained ? rates.rate : 0.0, rates.decay});
  }
  return result;
}

/// The same, neighbours of equal rates in one: a store of hundreds of parameters becomes few runs.
template <GroupsParameters Groups = ParameterGroups>
std::vector<ops::Segment> segments(const Layout& layout, const Groups& groups = {}) {
  std::vector<ops::Segment> result;
  for (const ops::Segment& next : separate_segments(layout, groups)) {
    const bool alike = !result.empty() && result.back().rate_scale == next.rate_scale &&
                       result.back().decay_scale == next.decay_scale;
    if (alike) result.back().end = next.end;
    else result.push_back(next);
  }
  return result;
}

}  // namespace extrema::optim
