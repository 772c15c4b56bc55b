// SPDX-License-Identifier: MIT
// A loss that is chosen at run time among those it lists: itself a loss, so that one compiled
// program serves all.
#pragma once

#include <concepts>
#include <utility>
#include <variant>

#include "extrema/loss/concepts.hpp"

namespace extrema::loss {

/// loss::OneOf<loss::Byol, Mine> loss = Mine{...}; the first, if nothing is said. Losses that
/// remember (loss/running.hpp) cannot be among them.
template <std::default_initializable... Losses>
struct OneOf {
  std::variant<Losses...> choice = {};

  OneOf() = default;
  template <class Loss>
  requires(std::same_as<Loss, Losses> || ...) OneOf(Loss loss) : choice{std::move(loss)} {}

  template <class Device>
  requires(ComparesFeatures<Losses, Device>&&...) void operator()(Device& device,
                                                                  WideInput<Device> prediction,
                                                                  const Targets<Device>& targets,
                                                                  double weight, double* value,
                                                                  WideTensor<Device> grad) const {
    std::visit([&](const auto& loss) { loss(device, prediction, targets, weight, value, grad); },
               choice);
  }
};

}  // namespace extrema::loss
