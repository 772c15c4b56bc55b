// SPDX-License-Identifier: MIT
// Views of one image from several policies, of different lengths too: one large view and four small
// ones, say.
#pragma once

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

#include "extrema/mask/concepts.hpp"

namespace extrema::mask {

/// Some of an image's views, by one policy.
template <Policy P>
struct Share {
  int views = 1;
  P policy = {};
};
template <class P>
Share(int, P) -> Share<P>;

/// PerView{Share{1, Disjoint{.ratio = 0.75}}, Share{4, BlockWise{.ratio = 0.9}}}: views 0, and 1
/// to 4. The shares draw from the image's stream one after the other; explicit keys go to each
/// alike.
template <Policy... Ps>
struct PerView {
  std::tuple<Share<Ps>...> shares = {};

  PerView() = default;
  PerView(Share<Ps>... all) requires(sizeof...(Ps) > 0) : shares{std::move(all)...} {}

  int views() const {
    int sum = 0;
    each([&](const auto& share) { sum += share.views; });
    return sum;
  }
  int keep_at_most(Grid grid) const {
    int most = 0;
    each([&](const auto& share) { most = std::max(most, mask::keep_at_most(share.policy, grid)); });
    return most;
  }
  int keep_at_least(Grid grid) const {
    int least = grid.size();
    each([&](const auto& share) {
      least = std::min(least, mask::keep_at_least(share.policy, grid));
    });
    return least;
  }
  Index scratch(Grid grid, int) const {
    Index most = 0;
    each([&](const auto& share) {
      most = std::max(most, scratch_size(share.policy, grid, share.views));
    });
    return most;
  }
  Needs needs() const {
    Needs sum;
    each([&](const auto& share) {
      const Needs needs = mask::needs(share.policy);
      sum = {sum.attention || needs.attention, sum.part || needs.part, sum.loss || needs.loss};
    });
    return sum;
  }

  std::string refuses(Grid grid, int asked) const {
    std::string sentence;
    each([&](const auto& share) {
      if (sentence.empty()) sentence = refusal(share.policy, grid, share.views);
    });
    if (sentence.empty() && asked != views())
      return text("the shares describe ", views(), " views, ", asked, " were asked: ask for ",
                  views());
    return sentence;
  }
  Promises promises(Grid grid, int) const {
    Promises all{.disjoint = sizeof...(Ps) == 1, .unbiased = true};
    each([&](const auto& share) {
      const Promises its = mask::promises(share.policy, grid, share.views);
      all.disjoint = all.disjoint && its.disjoint;
      all.covering = all.covering || its.covering;
      all.unbiased = all.unbiased && its.unbiased;
    });
    return all;
  }

  void fill(const Request& request, const Picks& picks) const {
    require(*this, request.grid, picks.views());
    int first = 0;
    each([&](const auto& share) {
      fill_views(share.policy, request, picks.part(first, share.views, picks.keep()));
      first += share.views;
    });
  }

 private:
  template <class Body>
  void each(const Body& body) const {
    std::apply([&](const auto&... share) { (body(share), ...); }, shares);
  }
};
template <class... Ps>
PerView(Share<Ps>...) -> PerView<Ps...>;

}  // namespace extrema::mask
