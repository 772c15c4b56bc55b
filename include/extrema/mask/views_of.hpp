// SPDX-License-Identifier: MIT
// The views that training would give to one image, on the host: to look at, to draw, to test.
#pragma once

#include <cstdint>
#include <vector>

#include "extrema/mask/concepts.hpp"

namespace extrema::mask {

struct ViewsOf {
  int views = 1;
  std::uint64_t seed = 0;
  std::uint32_t sample = 0;  // the image's number in its data set
  std::uint32_t epoch = 0;
  double progress = 0;  // of the training, in [0, 1)
};

/// The patches of each view. Throws Error if the policy refuses the grid. (Not for policies that
/// need attention, parts or losses of patches.)
template <Policy P>
std::vector<std::vector<std::int32_t>> views_of(const P& policy, Grid grid, const ViewsOf& of) {
  require(policy, grid, of.views);
  const auto most = static_cast<std::size_t>(keep_at_most(policy, grid)),
             views = static_cast<std::size_t>(of.views);
  std::vector<std::int32_t> scratch(static_cast<std::size_t>(scratch_size(policy, grid, of.views))),
      places(views * most), counts(views);
  random::Stream random{of.seed, random::Purpose::mask, of.epoch, of.sample};
  fill_views(
      policy, {.grid = grid, .random = random, .progress = of.progress, .scratch = scratch},
      {places.data(), static_cast<Index>(most), of.views, static_cast<int>(most), counts.data()});
  std::vector<std::vector<std::int32_t>> result;
  for (std::size_t view = 0; view < views; ++view) {
    const auto first = places.begin() + static_cast<Index>(view * most);
    result.emplace_back(first, first + counts[view]);
  }
  return result;
}

}  // namespace extrema::mask
