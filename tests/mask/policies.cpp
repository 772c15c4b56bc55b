// SPDX-License-Identifier: MIT
// Every shipped policy on tiny, odd, narrow and usual grids: valid, or refused with a sentence.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "extrema/mask/catalogue.hpp"
#include "extrema/mask/conformance.hpp"

using namespace extrema;
using mask::Rounding;

TEST_CASE("counts are the official truncation, or what the rounding rule says") {
  struct Case {
    double ratio;
    int patches, truncated, nearest, up;
  };
  for (const Case& c : {Case{0.75, 196, 49, 49, 49},
                        {0.8, 196, 39, 39, 40},
                        {0.9, 196, 19, 20, 20},
                        {0.95, 196, 9, 10, 10},
                        {0.8, 100, 19, 20, 20},
                        {0.9, 100, 9, 10, 10},
                        {0.8, 225, 44, 45, 45},
                        {0.8, 400, 79, 80, 80},
                        {0.7, 100, 30, 30, 30}}) {
    CAPTURE(c.ratio);
    CAPTURE(c.patches);
    CHECK(mask::kept(c.ratio, c.patches) == c.truncated);
    CHECK(mask::kept(c.ratio, c.patches, Rounding::nearest) == c.nearest);
    CHECK(mask::kept(c.ratio, c.patches, Rounding::up) == c.up);
  }
}

/// What a policy says of a grid; empty if it can fill it, in which case it has been checked.
template <mask::Policy P>
std::string tried(const P& policy, Grid grid, int views) {
  CAPTURE(grid.height);
  CAPTURE(grid.width);
  CAPTURE(views);
  const mask::Report report = mask::conformance(policy, grid, views);
  INFO(report.text());
  CHECK(report.ok());
  return report.refused;
}

constexpr Grid square{14, 14}, tiny{2, 2}, odd{3, 5}, line{1, 7};

TEST_CASE("disjoint") {
  CHECK(tried(mask::Disjoint{}, square, 5) == "");
  CHECK(tried(mask::Disjoint{.ratio = 0.9}, square, 8) == "");
  CHECK(tried(mask::Disjoint{.ratio = 0.75}, square, 4) == "");
  CHECK(tried(mask::Disjoint{.ratio = 0.75}, tiny, 4) == "");
  CHECK(tried(mask::Disjoint{}, odd, 7) == "");
  CHECK(tried(mask::Disjoint{}, line, 7) == "");
  CHECK(tried(mask::Disjoint{}, tiny, 1) ==
        "a mask ratio of 0.8 keeps none of the 4 patches of a grid of 2 x 2: lower the ratio, or "
        "round up");
  CHECK(tried(mask::Disjoint{.rounding = Rounding::up}, tiny, 4) == "");
  CHECK(tried(mask::Disjoint{}, odd, 8) ==
        "8 views of 2 patches need 16, the grid has 15: lower the number of views or raise the "
        "ratio");
  CHECK(tried(mask::Disjoint{.ratio = 0.61}, {10, 10}, 5) ==
        "5 views of 39 patches need 195, the grid has 100: lower the number of views or raise the "
        "ratio");
}

TEST_CASE("independent") {
  for (const Grid grid : {square, odd, line}) CHECK(tried(mask::Independent{}, grid, 6) == "");
  CHECK(tried(mask::Independent{.ratio = 0.5}, tiny, 6) == "");
  CHECK(tried(mask::Independent{}, tiny, 1).starts_with("a mask ratio of 0.8 keeps none of the 4"));
}

TEST_CASE("block-wise") {
  for (const bool exact : {false, true})
    for (const Grid grid : {tiny, odd, square, line})
      for (const double ratio : {0.3, 0.5, 0.7}) {
        const mask::BlockWise policy{.ratio = ratio, .exact = exact};
        CHECK(tried(policy, grid, 3) == "");
        CHECK((policy.keep_at_most(grid) == policy.keep_at_least(grid)) == exact);
      }
  CHECK(tried(mask::BlockWise{.smallest = 16}, square, 2) == "");  // BEiT's
  CHECK(tried(mask::BlockWise{.smallest = 4, .largest = 9}, square, 2) == "");
  CHECK(tried(mask::BlockWise{.smallest = 16}, odd, 2) ==
        "blocks of 16 patches do not fit: 6 of the 15 are to be hidden and a block has at most 8: "
        "lower `smallest` or raise the ratio");
  CHECK(tried(mask::BlockWise{.smallest = 4, .largest = 3}, square, 2) ==
        "blocks of 4 to 3 patches do not exist: raise `largest`");
  CHECK(tried(mask::BlockWise{.aspect = 0}, square, 2).starts_with("an aspect of 0 is not in"));
  CHECK(tried(mask::BlockWise{.aspect = std::nan("")}, square, 2).starts_with("an aspect of"));
  CHECK(tried(mask::BlockWise{.tries = 0}, square, 2).starts_with("0 tries place no block"));
}

TEST_CASE("block-wise hides rectangles") {
  std::vector<std::int32_t> scratch(196), picks(196), counts(1);
  for (std::uint32_t sample = 0; sample < 50; ++sample) {
    random::Stream random{0, random::Purpose::mask, 0, sample};
    mask::BlockWise{.ratio = 0.0435, .smallest = 9, .aspect = 1}.fill(
        {.grid = square, .random = random, .scratch = scratch},
        {picks.data(), 196, 1, 196, counts.data()});
    REQUIRE(counts[0] == 187);  // one block, 3 x 3, is what is to be hidden
    const std::set<int> seen(picks.begin(), picks.begin() + counts[0]);
    int first = 0;
    while (seen.contains(first)) ++first;
    for (int i = 0; i < 9; ++i) CHECK(!seen.contains(first + i / 3 * 14 + i % 3));
  }
}

TEST_CASE("inverse block") {
  for (const Grid grid : {tiny, odd, square, line}) {
    CHECK(tried(mask::InverseBlock{}, grid, 3) == "");
    CHECK(tried(mask::InverseBlock{.roll = false}, grid, 3) == "");
    CHECK(tried(mask::InverseBlock{.ratio = 0.2, .aspect = 0.1}, grid, 3) == "");
  }
  CHECK(tried(mask::InverseBlock{.aspect = 2}, square, 3).starts_with("an aspect of 2 is not in"));
  CHECK(tried(mask::InverseBlock{.ratio = 0.9}, tiny, 3).starts_with("a mask ratio of 0.9 keeps"));
}

TEST_CASE("inverse block sees one rectangle, of which at most the last row is cut") {
  std::vector<std::int32_t> picks(39);
  for (std::uint32_t sample = 0; sample < 200; ++sample) {
    random::Stream random{0, random::Purpose::mask, 0, sample};
    mask::InverseBlock{.ratio = 0.8, .roll = false}.fill({.grid = square, .random = random},
                                                         {picks.data(), 39, 1, 39});
    std::vector<int> widths(14);
    for (const int patch : picks) ++widths[static_cast<std::size_t>(patch / 14)];
    std::erase(widths, 0);
    const int width = widths.front();
    CHECK(std::all_of(widths.begin(), widths.end() - 1, [&](int w) { return w == width; }));
    CHECK(widths.back() <= width);
    CHECK(std::ssize(widths) >= 4);  // aspects 0.5 to 2: from about 4 x 9 to 9 x 4
    CHECK(std::ssize(widths) <= 9);
  }
}

TEST_CASE("grid sample") {
  for (const Grid grid : {tiny, odd, square, Grid{5, 3}})
    for (const int views : {1, 2, 4}) {
      CHECK(tried(mask::GridSample{}, grid, views) == "");
      CHECK(tried(mask::GridSample{.disjoint = false}, grid, views) == "");
    }
  CHECK(tried(mask::GridSample{.cell = 3}, square, 9) == "");
  CHECK(tried(mask::GridSample{}, line, 1) ==
        "a grid of 1 x 7 has no whole cell of 2 x 2: take a larger image or a smaller patch or "
        "cell");
  CHECK(tried(mask::GridSample{}, square, 5) ==
        "5 views cannot each see another patch of each 2 x 2 cell: ask for at most 4, or let them "
        "be drawn independently");
  CHECK(tried(mask::GridSample{.disjoint = false}, square, 5) == "");
  CHECK(tried(mask::GridSample{.cell = 1}, square, 1) ==
        "cells of 1 x 1 hide nothing: take at least 2 x 2");
}

TEST_CASE("ratios, grids and numbers of views that mean nothing are refused") {
  for (const double ratio :
       {0.0, 1.0, -0.2, 1.5, std::nan(""), std::numeric_limits<double>::infinity()})
    for (const auto& entry : mask::catalogue) {
      if (entry.name == "grid") continue;
      CAPTURE(entry.name);
      CHECK(tried(mask::make(entry.name, {.ratio = ratio}), square, 1)
                .starts_with(text("a mask ratio of ", ratio, " is not between 0 and 1: ")));
    }
  for (const auto& entry : mask::catalogue) {
    const mask::Shipped policy = mask::make(entry.name);
    CHECK(tried(policy, {0, 14}, 1) ==
          "a grid of 0 x 14 has no patches: take a larger image or a smaller patch");
    CHECK(tried(policy, square, 0) == "0 views show nothing: ask for at least 1");
  }
  CHECK_THROWS_WITH_AS(mask::require(mask::Disjoint{}, square, 6),
                       "mask: 6 views of 39 patches need 234, the grid has 196: lower the number "
                       "of views or raise the ratio",
                       Error);
  CHECK_NOTHROW(mask::require(mask::Disjoint{}, square, 5));
}

TEST_CASE("fill stays inside its scratch whatever is asked") {
  std::vector<std::int32_t> scratch(3 * 196), picks(6 * 39), counts(6);
  random::Stream random{0, random::Purpose::mask, 0, 0};
  const mask::Picks six{picks.data(), 39, 6, 39, counts.data()};
  CHECK_THROWS_AS(
      mask::Disjoint{}.fill({.grid = square, .random = random, .scratch = scratch}, six), Error);
  const std::span<std::int32_t> few{scratch.data(), 100};
  CHECK_THROWS_WITH_AS(
      mask::Independent{}.fill({.grid = square, .random = random, .scratch = few}, six),
      "mask: the policy needs 588 numbers of scratch, found 100: give it as many as "
      "mask::scratch_size says",
      Error);
  const std::vector<std::uint32_t> keys(196);
  CHECK_THROWS_WITH_AS(
      mask::Independent{}.fill({.grid = square, .random = random, .scratch = scratch, .keys = keys},
                               six),
      "mask: random order 1 of 196 patches needs 392 keys, found 196", Error);
}

TEST_CASE("explicit keys give their argsort, ties in the order of the grid") {
  std::vector<std::int32_t> scratch(12), picks(4);
  random::Stream random{0, random::Purpose::mask, 0, 0};
  const std::vector<std::uint32_t> keys{7, 0xffffffff, 7, 0};
  mask::Disjoint{.ratio = 0.5}.fill(
      {.grid = tiny, .random = random, .scratch = scratch, .keys = keys}, {picks.data(), 2, 2, 2});
  CHECK(picks == std::vector<std::int32_t>{3, 0, 2, 1});
  CHECK(mask::key_of(0) == 0);
  CHECK(mask::key_of(0.5f) == 0x80000000);
  CHECK(mask::key_of(0x1p-24f) == 256);
  CHECK(mask::key_of(1 - 0x1p-24f) == 0xffffff00);
  for (const float noise : {1.f, -0.1f, std::nanf("")}) CHECK_THROWS_AS(mask::key_of(noise), Error);
}

TEST_CASE("a random order is the argsort, whatever the keys") {
  constexpr Grid grid{5, 13};
  std::vector<std::int32_t> scratch(3 * 65), order(65), expected(65);
  for (std::uint32_t kind = 0; kind < 40; ++kind) {
    random::Stream random{kind, random::Purpose::mask, 0, 0};
    std::vector<std::uint32_t> keys(65);  // crowded more and more, at either end
    for (std::uint32_t& key : keys)
      key = kind % 2 ? random.bits() >> kind / 2 : ~(random.bits() >> kind / 2 << 3);
    std::iota(expected.begin(), expected.end(), 0);
    std::ranges::stable_sort(expected, {},
                             [&](int i) { return keys[static_cast<std::size_t>(i)]; });
    const mask::Request request{.grid = grid, .random = random, .scratch = scratch, .keys = keys};
    mask::RandomOrder{request}.copy(0, order);
    CHECK(order == expected);
  }
}

TEST_CASE("policies by name") {
  CHECK_THROWS_WITH_AS(mask::make("blocks"),
                       "mask policy: expected disjoint, independent, block, block-exact, "
                       "inverse-block or grid, found blocks",
                       Error);
  CHECK_THROWS_WITH_AS(mask::make("grid", {.ratio = 0.8}),
                       "mask policy: grid sees one patch of four, a ratio of 0.75, found 0.8: "
                       "leave the ratio out or take another policy",
                       Error);
  CHECK(mask::make("disjoint", {.ratio = 0.9}).keep_at_most(square) == 19);
  CHECK(mask::make("disjoint", {.ratio = 0.9, .rounding = Rounding::up}).keep_at_most(square) ==
        20);
  CHECK(mask::make("block").keep_at_most(square) == 196);
  CHECK(mask::make("block-exact").keep_at_most(square) == 117);
  for (const auto& entry : mask::catalogue) {
    CAPTURE(entry.name);
    CHECK_NOTHROW(mask::check(mask::make(entry.name), 2, {.images = 500}));
  }
}
