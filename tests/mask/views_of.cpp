// SPDX-License-Identifier: MIT
// Views on the host are those that training packs.
#include "extrema/mask/views_of.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

#include "../io/temporary_folder.hpp"
#include "extrema/cpu/cpu.hpp"
#include "extrema/mask/block_wise.hpp"
#include "extrema/mask/disjoint.hpp"
#include "extrema/siamese/packed_views.hpp"

using namespace extrema;

namespace {

template <mask::Policy P>
void compare(const P& policy, int views) {
  const Grid grid{6, 7};
  const std::vector<std::uint32_t> samples{4, 17};
  cpu::Device device;
  siamese::PackedViews<cpu::Device> packed;
  packed.fill(policy, grid, views, samples, 3, 2);
  const Views sent = packed.send(device);
  for (int b = 0; b < 2; ++b) {
    const auto found = mask::views_of(
        policy, grid,
        {.views = views, .seed = 3, .sample = samples[static_cast<std::size_t>(b)], .epoch = 2});
    REQUIRE(static_cast<int>(found.size()) == views);
    for (int v = 0; v < views; ++v) {
      const std::int32_t* offset = sent.sequences.offsets + v * 2 + b;
      CHECK(found[static_cast<std::size_t>(v)] ==
            std::vector<std::int32_t>(sent.patch + offset[0], sent.patch + offset[1]));
    }
  }
}

}  // namespace

TEST_CASE("the views that training gives, of fixed and of varying length") {
  compare(mask::Disjoint{.ratio = 0.75}, 4);
  compare(mask::BlockWise{.ratio = 0.6}, 3);
}

TEST_CASE("another seed, sample or epoch gives other views") {
  const mask::Disjoint policy{.ratio = 0.75};
  const auto of = [&](const mask::ViewsOf& which) { return mask::views_of(policy, {8, 8}, which); };
  CHECK(of({.seed = 1}) == of({.seed = 1}));
  CHECK(of({.seed = 1}) != of({.seed = 2}));
  CHECK(of({.sample = 1}) != of({.sample = 2}));
  CHECK(of({.epoch = 1}) != of({.epoch = 2}));
}

TEST_CASE("what the policy refuses is said") {
  CHECK(contains(message([] {
                   mask::views_of(mask::Disjoint{.ratio = 0.5}, {4, 4}, {.views = 0});
                 }),
                 "0 views show nothing"));
}
