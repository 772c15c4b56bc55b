// SPDX-License-Identifier: MIT
// An optimiser that is chosen at run time among those it lists: itself an optimiser, so that one
// compiled program serves all.
#pragma once

#include <concepts>
#include <utility>
#include <variant>
#include <vector>

#include "extrema/optim/concepts.hpp"

namespace extrema::optim {

/// optim::OneOf<optim::AdamW, Mine> optimizer = Mine{...}; the first, if nothing is said.
template <std::default_initializable... Optimizers>
struct OneOf {
  std::variant<Optimizers...> choice = {};

  OneOf() = default;
  template <class Recipe>
  requires(std::same_as<Recipe, Optimizers> || ...) OneOf(Recipe recipe)
      : choice{std::move(recipe)} {}

  template <class Device>
  class State;
};

template <std::default_initializable... Optimizers>
template <class Device>
class OneOf<Optimizers...>::State {
  using States = std::variant<typename Optimizers::template State<Device>...>;

 public:
  State(Device& device, const OneOf& recipe, const Layout& layout)
      : state_{std::visit(
            [&]<class Recipe>(const Recipe& chosen) {
              using Chosen = typename Recipe::template State<Device>;
              return States{std::in_place_type<Chosen>, device, chosen, layout};
            },
            recipe.choice)} {}

  void update(Device& device, const Values<Device>& values, WideInput<Device> gradients,
              const ops::StepScalars* step, const double* gradient_factor) {
    std::visit([&](auto& s) { s.update(device, values, gradients, step, gradient_factor); },
               state_);
  }

  std::vector<StateBuffer<Device>> buffers() const {
    return std::visit(
        [](const auto& s) {
          std::vector<StateBuffer<Device>> all;
          for (const StateBuffer<Device>& buffer : s.buffers()) all.push_back(buffer);
          return all;
        },
        state_);
  }

 private:
  States state_;
};

}  // namespace extrema::optim
