// SPDX-License-Identifier: MIT
// Views that the card cuts from random orders are the policies' own, bit for bit.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "both.hpp"
#include "extrema/cpu/transfer.hpp"
#include "extrema/cuda/random_views.cuh"
#include "extrema/cuda/transfer.cuh"
#include "extrema/device/download.hpp"
#include "extrema/device/upload.hpp"
#include "extrema/mask/catalogue.hpp"
#include "extrema/siamese/packed_views.hpp"

using namespace extrema;

namespace {

using Host = cpu::BasicDevice<fp32, cpu::EigenProducts>;
using Card = cuda::BasicDevice<fp32, NoProducts>;

/// What the two have sent differs, in words.
std::string difference(Card& card, const Views& want, const Views& got) {
  const Sequences &a = want.sequences, &b = got.sequences;
  if (a.count != b.count || a.tokens != b.tokens || a.longest != b.longest || got.padding != 0)
    return "counts";
  const auto same = [&]<class T>(const T* expected, const T* sent, Index count) {
    const auto found = download(card, Matrix<const T>{sent, 1, count});
    return std::equal(found.begin(), found.end(), expected);
  };
  if (!same(a.offsets, b.offsets, a.count + 1)) return "offsets";
  if (!same(want.image, got.image, a.count)) return "images";
  if (!same(a.sample, b.sample, a.count)) return "samples";
  if (!same(a.view, b.view, a.count)) return "views";
  return same(want.patch, got.patch, a.tokens) ? "" : "patches";
}

}  // namespace

TEST_CASE("the card's views are the host's") {
  Host host;
  Card card;
  siamese::PackedViews<Host> expected;
  siamese::PackedViews<Card> found;
  struct Case {
    Grid grid;
    Index batch;
    int views;
    mask::Shipped policy;
  };
  for (const Case& c : {Case{{2, 2}, 1, 2, mask::Disjoint{.ratio = 0.5}},
                        Case{{14, 14}, 3, 5, mask::Disjoint{.ratio = 0.8}},
                        Case{{14, 14}, 2, 3, mask::Independent{.ratio = 0.75}},
                        Case{{3, 11}, 7, 1, mask::Independent{.ratio = 0.1}},
                        Case{{20, 20}, 1, 2, mask::Disjoint{.ratio = 0.5}},
                        Case{{3, 11}, 4, 2, mask::BlockWise{.ratio = 0.5, .exact = true}},
                        Case{{3, 11}, 0, 2, mask::Disjoint{.ratio = 0.5}},
                        Case{{1, 7}, 2, 3, mask::Disjoint{.ratio = 0.7}}})
    for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{1} << 40 | 5})
      for (const std::uint32_t epoch : {0u, 7u}) {
        CAPTURE(c.grid.size());
        std::vector<std::uint32_t> samples;
        for (Index b = 0; b < c.batch; ++b)
          samples.push_back(static_cast<std::uint32_t>(b * b * 1000 + 3));
        expected.fill(c.policy, c.grid, c.views, samples, seed, epoch);
        found.fill(c.policy, c.grid, c.views, samples, seed, epoch);
        CHECK(difference(card, expected.send(host), found.send(card)) == "");
      }
}

TEST_CASE("patches of equal keys stand in their own order") {
  Card card;
  constexpr Grid grid{14, 14};
  for (const std::uint32_t sample : {208024u, 419637u, 1219202u}) {  // each has two equal keys
    random::Stream random{0, random::Purpose::mask, 0, sample};
    std::vector<std::int32_t> scratch(static_cast<std::size_t>(mask::RandomOrder::scratch(grid))),
        expected(static_cast<std::size_t>(grid.size()));
    const mask::RandomOrder order{{.grid = grid, .random = random, .scratch = scratch}};
    order.copy(0, expected);
    const auto samples = upload(card, std::vector{sample});
    const Buffer<std::int32_t, cuda::Memory> found{grid.size()};
    ops::run(card, ops::RandomViews{.sample = samples.data(),
                                    .images = 1,
                                    .patches = grid.size(),
                                    .views = 1,
                                    .keep = grid.size(),
                                    .patch = found.data()});
    CHECK(download(card, found.view()) == expected);
    std::set<std::uint32_t> keys;
    const random::Stream again{0, random::Purpose::mask, 0, sample};
    for (std::uint32_t i = 0; i < 196; ++i) keys.insert(again.bits_after(i));
    CHECK(keys.size() == 195);
  }
}

TEST_CASE("a grid of more patches than a block can hold is the host's to cut") {
  Host host;
  Card card;
  siamese::PackedViews<Host> expected;
  siamese::PackedViews<Card> found;
  const Grid grid{1, ops::RandomViews::most_patches + 1};
  const std::vector<std::uint32_t> samples{4};
  expected.fill(mask::Disjoint{.ratio = 0.5}, grid, 2, samples, 0, 0);
  found.fill(mask::Disjoint{.ratio = 0.5}, grid, 2, samples, 0, 0);
  CHECK(difference(card, expected.send(host), found.send(card)) == "");
}

TEST_CASE("keys that are given are the host's to sort") {
  Host host;
  Card card;
  siamese::PackedViews<Host> expected;
  siamese::PackedViews<Card> found;
  const std::vector<std::uint32_t> samples{4, 9}, keys{5, 5, 1, 9, 0, 3, 7, 7};
  expected.fill(mask::Disjoint{.ratio = 0.5}, {2, 2}, 2, samples, 0, 0, {.keys = keys});
  found.fill(mask::Disjoint{.ratio = 0.5}, {2, 2}, 2, samples, 0, 0, {.keys = keys});
  CHECK(difference(card, expected.send(host), found.send(card)) == "");
}
