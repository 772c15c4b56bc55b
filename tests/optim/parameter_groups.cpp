// SPDX-License-Identifier: MIT
// Which parameters of a real model decay and how fast they learn.
#include "extrema/optim/parameter_groups.hpp"

#include <doctest/doctest.h>

#include <set>

#include "extrema/nn/vit.hpp"

using namespace extrema;

namespace {

const Layout& vit() {
  static const Layout layout = [] {
    Layout result;
    constexpr nn::VitShape shape{.patch = 4, .dim = 24, .depth = 3, .heads = 3, .class_depth = 1};
    nn::Vit<shape>{Path{result}, {.image = {3, 16, 16}}};
    return result;
  }();
  return layout;
}

ops::Segment at(const std::vector<ops::Segment>& segments, Index offset) {
  for (const ops::Segment& segment : segments)
    if (offset < segment.end) return segment;
  throw std::out_of_range{"no segment"};
}

}  // namespace

TEST_CASE("matrices decay, all else does not, a frozen table is not trained") {
  const auto segments = optim::segments(vit());
  std::set<std::string> decayed, frozen;
  for (const ParameterEntry& entry : vit().entries()) {
    const ops::Segment segment = at(segments, entry.where.offset);
    CHECK(segment.end >= entry.where.offset + entry.where.rows * entry.where.cols);
    if (segment.rate_scale == 0) frozen.insert(entry.name);
    else if (segment.decay_scale == 1) decayed.insert(entry.name);
    else CHECK(segment.decay_scale == 0);
    if (segment.rate_scale != 0) CHECK(segment.rate_scale == 1);
  }
  for (const ParameterEntry& entry : vit().entries()) {
    CAPTURE(entry.name);
    const bool matrix = entry.name.ends_with("weight") && entry.where.rows > 1;
    CHECK(decayed.contains(entry.name) == matrix);
  }
  CHECK(frozen == std::set<std::string>{"pos_embed"});
  CHECK(segments.back().end == vit().size());
}

TEST_CASE("neighbours of equal rates are one segment") {
  const auto merged = optim::segments(vit());
  const auto separate = optim::separate_segments(vit());
  CHECK(separate.size() == vit().entries().size());
  CHECK(merged.size() < separate.size());
  for (std::size_t i = 1; i < merged.size(); ++i) {
    CHECK(merged[i].end > merged[i - 1].end);
    const bool differ = merged[i].rate_scale != merged[i - 1].rate_scale ||
                        merged[i].decay_scale != merged[i - 1].decay_scale;
    CHECK(differ);
  }
}

TEST_CASE("layer-wise rates fall by depth") {
  const auto segments = optim::segments(vit(), optim::ParameterGroups{.layer_decay = 0.5});
  int deepest = 0;
  for (const ParameterEntry& entry : vit().entries())
    deepest = std::max(deepest, entry.traits.depth);
  CHECK(deepest >= 4);
  for (const ParameterEntry& entry : vit().entries()) {
    if (!entry.traits.trained) continue;
    CAPTURE(entry.name);
    const double expected = std::pow(0.5, deepest - entry.traits.depth);
    CHECK(at(segments, entry.where.offset).rate_scale == expected);
    if (entry.name.starts_with("blocks.1.")) CHECK(entry.traits.depth == 2);
    if (entry.name.starts_with("patch_embed")) CHECK(entry.traits.depth == 0);
  }
}

TEST_CASE("groups of one's own") {
  const auto only_blocks = [](const ParameterEntry& entry, int) {
    return optim::Rates{.rate = entry.name.starts_with("blocks.") ? 1.0 : 0.0, .decay = 0};
  };
  for (const ParameterEntry& entry : vit().entries())
    CHECK((at(optim::segments(vit(), only_blocks), entry.where.offset).rate_scale == 1) ==
          entry.name.starts_with("blocks."));
}
