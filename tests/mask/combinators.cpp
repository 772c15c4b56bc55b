// SPDX-License-Identifier: MIT
// Policies made of policies: they pass the same checks, and do what they say.
#include <doctest/doctest.h>

#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "extrema/mask/block_wise.hpp"
#include "extrema/mask/catalogue.hpp"
#include "extrema/mask/complement.hpp"
#include "extrema/mask/conformance.hpp"
#include "extrema/mask/disjoint.hpp"
#include "extrema/mask/grid_sample.hpp"
#include "extrema/mask/independent.hpp"
#include "extrema/mask/inverse_block.hpp"
#include "extrema/mask/one_of.hpp"
#include "extrema/mask/per_view.hpp"
#include "extrema/mask/schedule.hpp"

using namespace extrema;
using namespace extrema::mask;

/// The views that a policy gives to one image.
template <Policy P>
std::vector<std::set<int>> drawn(const P& policy, Grid grid, int views, double progress = 0) {
  require(policy, grid, views);
  const int most = keep_at_most(policy, grid);
  std::vector<std::int32_t> picks(static_cast<std::size_t>(views * most)),
      counts(static_cast<std::size_t>(views)),
      scratch(static_cast<std::size_t>(scratch_size(policy, grid, views)));
  random::Stream random{1, random::Purpose::mask, 2, 3};
  const Picks all{picks.data(), most, views, most, counts.data()};
  fill_views(policy, {.grid = grid, .random = random, .progress = progress, .scratch = scratch},
             all);
  std::vector<std::set<int>> result;
  for (int view = 0; view < views; ++view)
    result.emplace_back(all[view].begin(),
                        all[view].begin() + counts[static_cast<std::size_t>(view)]);
  return result;
}

TEST_CASE("the complement shows what is hidden") {
  const auto check_both = []<Policy P>(const P& policy, Grid grid, int views) {
    const Complement<P> complement{policy};  // (Complement{a complement} is a copy of it)
    const auto shown = drawn(policy, grid, views), rest = drawn(complement, grid, views);
    for (std::size_t view = 0; view < shown.size(); ++view) {
      CHECK(shown[view].size() + rest[view].size() == static_cast<std::size_t>(grid.size()));
      for (const int patch : shown[view]) CHECK(!rest[view].contains(patch));
    }
    CHECK_NOTHROW(check(complement, views, {.images = 1000}));
  };
  check_both(Disjoint{.ratio = 0.6}, {14, 14}, 2);
  check_both(Independent{.ratio = 0.3}, {3, 5}, 4);
  check_both(BlockWise{.ratio = 0.5}, {7, 7}, 3);
  check_both(GridSample{}, {5, 7}, 4);
  check_both(Complement{InverseBlock{}}, {5, 7}, 2);
  static_assert(KeepsFixedCount<Complement<Disjoint>>);
  static_assert(!KeepsFixedCount<Complement<BlockWise>> && Policy<Complement<BlockWise>>);
  const Promises halves = promises(Complement{Disjoint{.ratio = 0.5}}, {4, 4}, 2);
  CHECK((halves.disjoint && halves.covering && halves.unbiased));
  CHECK(refusal(Complement{Disjoint{.ratio = 0.5}}, {4, 4}, 3) ==
        "3 views of 8 patches need 24, the grid has 16: lower the number of views or raise the "
        "ratio");
  CHECK(refusal(Complement{Independent{.ratio = 0.01, .rounding = Rounding::up}}, {4, 4}, 1) ==
        "the complement of views that show all 16 patches shows nothing: raise the ratio of what "
        "it is of");
}

TEST_CASE("a complement does not trust the policy that it is of") {
  struct Wild {
    int patch, count;
    int keep_at_most(Grid grid) const { return grid.size() / 2; }
    void fill(const Request&, const Picks& picks) const {
      picks.at(0, 0) = patch;
      picks.filled(0, count);
    }
  };
  CHECK_THROWS_WITH_AS(
      drawn(Complement{Wild{1 << 30, 1}}, {4, 4}, 1),
      "mask::Complement: the policy's view 0 shows patch 1073741824, outside a grid of 16", Error);
  CHECK_THROWS_AS(drawn(Complement{Wild{0, 9}}, {4, 4}, 1), Error);
  CHECK(drawn(Complement{Wild{0, 1}}, {4, 4}, 1)[0].size() == 15);
}

TEST_CASE("a schedule moves the ratio") {
  const Schedule<Disjoint> policy{.from = {.ratio = 0.6}, .to = 0.9, .begin = 0.2, .end = 0.8};
  const auto kept = [&](double progress) { return drawn(policy, {14, 14}, 2, progress)[1].size(); };
  CHECK(kept(0) == 78);
  CHECK(kept(0.2) == 78);
  CHECK(kept(0.5) == 49);
  CHECK(kept(0.8) == 19);
  CHECK(kept(0.99) == 19);
  CHECK(policy.at(0.35).ratio == doctest::Approx(0.675));
  CHECK(keep_at_most(policy, {14, 14}) == 78);
  CHECK(keep_at_least(policy, {14, 14}) == 19);
  CHECK_NOTHROW(check(policy));
  CHECK_NOTHROW(check(Schedule<BlockWise>{.from = {.ratio = 0.2}, .to = 0.5}));
  CHECK(Schedule<Disjoint>{.from = {.ratio = 0.6}, .begin = 0.5, .end = 0.5}.at(0.5).ratio == 0.9);
  CHECK(refusal(policy, {14, 14}, 3).starts_with("3 views of 78 patches need 234"));
  CHECK(refusal(Schedule<Disjoint>{.to = 0.99}, {7, 7}, 1)
            .starts_with("a mask ratio of 0.99 keeps none of the 49 patches"));
  CHECK(refusal(Schedule<Disjoint>{.to = std::nan("")}, {7, 7}, 1)
            .starts_with("a mask ratio of nan is not between 0 and 1"));
  CHECK(refusal(Schedule<Disjoint>{.begin = 0.7, .end = 0.5}, {7, 7}, 1) ==
        "a schedule from 0.7 to 0.5 is none: expected 0 <= begin <= end <= 1, shares of the "
        "training");
}

TEST_CASE("views of one image from several policies") {
  const PerView policy{Share{1, Disjoint{.ratio = 0.75}}, Share{4, Disjoint{.ratio = 0.9}},
                       Share{2, BlockWise{.ratio = 0.8}}};
  const auto views = drawn(policy, {14, 14}, 7);
  CHECK(views[0].size() == 49);
  for (const std::size_t view : {1u, 2u, 3u, 4u}) CHECK(views[view].size() == 19);
  std::set<int> small;
  for (const std::size_t view : {1u, 2u, 3u, 4u})
    small.insert(views[view].begin(), views[view].end());
  CHECK(small.size() == 4 * 19);
  CHECK(views[5].size() >= 39);
  CHECK_NOTHROW(check(policy, 7, {.images = 1000}));
  CHECK(refusal(policy, {14, 14}, 5) == "the shares describe 7 views, 5 were asked: ask for 7");
  CHECK(refusal(policy, {2, 2}, 7).starts_with("a mask ratio of 0.9 keeps none"));
  const PerView random{Share{1, GridSample{}}, Share{1, Independent{.ratio = 0.5}}};
  CHECK(promises(random, {4, 4}, 2).unbiased);
  CHECK_NOTHROW(check(random, 2));
}

TEST_CASE("one of several, chosen at run time") {
  struct All {
    int keep(Grid grid) const { return grid.size(); }
    void fill(const Request&, const Picks& picks) const {
      for (int view = 0; view < picks.views(); ++view)
        for (int i = 0; i < picks.keep(); ++i) picks.at(view, i) = i;
    }
  };
  using Choice = OneOf<Disjoint, BlockWise, All>;
  static_assert(Policy<Choice>);
  CHECK(drawn(Choice{}, {14, 14}, 5)[4].size() == 39);
  CHECK(drawn(Choice{}, {14, 14}, 5) == drawn(Disjoint{}, {14, 14}, 5));
  Choice choice = All{};
  CHECK(drawn(choice, {3, 5}, 2)[1].size() == 15);
  choice = BlockWise{.ratio = 0.5};
  CHECK(drawn(choice, {3, 5}, 2) == drawn(BlockWise{.ratio = 0.5}, {3, 5}, 2));
  choice = Disjoint{.ratio = 0.5};
  CHECK(refusal(choice, {3, 5}, 3).starts_with("3 views of 7 patches need 21"));
  CHECK_NOTHROW(check(choice));
}
