// SPDX-License-Identifier: MIT
// A policy that is chosen at run time among those it lists: itself a policy, so that one compiled
// program serves all.
#pragma once

#include <concepts>
#include <string>
#include <utility>
#include <variant>

#include "extrema/mask/concepts.hpp"
#include "extrema/mask/random_order.hpp"

namespace extrema::mask {

/// mask::OneOf<mask::Disjoint, Mine> policy = Mine{...}; the first, if nothing is said.
template <Policy... Ps>
struct OneOf {
  std::variant<Ps...> choice = {};

  OneOf() = default;
  template <class P>
  requires(std::same_as<P, Ps> || ...) OneOf(P policy) : choice{std::move(policy)} {}

  int keep_at_most(Grid grid) const {
    return visit([&](const auto& policy) { return mask::keep_at_most(policy, grid); });
  }
  int keep_at_least(Grid grid) const {
    return visit([&](const auto& policy) { return mask::keep_at_least(policy, grid); });
  }
  Index scratch(Grid grid, int views) const {
    return visit([&](const auto& policy) { return scratch_size(policy, grid, views); });
  }
  Needs needs() const {
    return visit([](const auto& policy) { return mask::needs(policy); });
  }
  std::string refuses(Grid grid, int views) const {
    return visit([&](const auto& policy) { return refusal(policy, grid, views); });
  }
  Promises promises(Grid grid, int views) const {
    return visit([&](const auto& policy) { return mask::promises(policy, grid, views); });
  }
  void fill(const Request& request, const Picks& picks) const {
    visit([&](const auto& policy) { fill_views(policy, request, picks); });
  }

 private:
  template <class Body>
  auto visit(const Body& body) const {
    return std::visit(body, choice);
  }
};

template <class... Ps>
struct CutOf<OneOf<Ps...>> {
  static Cut of(const OneOf<Ps...>& policy) {
    return std::visit([]<class P>(const P& one) { return CutOf<P>::of(one); }, policy.choice);
  }
};

}  // namespace extrema::mask
