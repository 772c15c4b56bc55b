// SPDX-License-Identifier: MIT
// A loss as training holds it: the loss itself, or the state of one that remembers something from
// step to step (a centre, a queue of features).   C targets, P features
#pragma once

#include <concepts>
#include <vector>

#include "extrema/device/state_buffer.hpp"
#include "extrema/loss/concepts.hpp"

namespace extrema::loss {

/// Loss::State<Device> is made from the recipe and the width of the features, and called in the
/// recipe's place.
template <class L, class Device>
concept HasState = requires {
  typename L::template State<Device>;
}
&&std::constructible_from<typename L::template State<Device>, Device&, const L&, Index>&&
    ComparesFeatures<typename L::template State<Device>, Device>;

/// remember(device, targets (C, P), gradient_factor) comes once after each step, with the targets
/// of the whole batch: only then may the state change, and where *gradient_factor (device memory)
/// is 0 it must not. buffers() lists what a checkpoint must hold.
template <class S, class Device>
concept RemembersTargets = requires(S& state, Device& device, WideInput<Device> targets,
                                    const double* gradient_factor) {
  { state.remember(device, targets, gradient_factor) } -> std::same_as<void>;
  { *state.buffers().begin() } -> std::convertible_to<StateBuffer<Device>>;
};

template <class L, class Device>
concept Remembers =
    HasState<L, Device> && RemembersTargets<typename L::template State<Device>, Device>;

/// A loss that cannot be run, which is said once.
template <class L, class Device>
class Running {
  static_assert(Remembers<L, Device> || ComparesFeatures<L, Device>,
                "Trainer: Loss is not a loss::ComparesFeatures of this device: it must be callable "
                "as loss(device, prediction, targets, weight, value, grad), or have a State that "
                "is, with remember() and buffers()");

 public:
  Running(auto&&...) {}
  void operator()(Device&, WideInput<Device>, const Targets<Device>&, double, double*,
                  WideTensor<Device>) const {}
  void remember(auto&&...) {}
  std::vector<StateBuffer<Device>> buffers() const { return {}; }
};

/// A loss with nothing to remember.
template <class L, class Device>
requires(ComparesFeatures<L, Device> && !Remembers<L, Device>) class Running<L, Device> {
 public:
  Running(Device&, const L& loss, Index) : loss_{loss} {}

  void operator()(Device& device, WideInput<Device> prediction, const Targets<Device>& targets,
                  double weight, double* value, WideTensor<Device> grad) const {
    loss_(device, prediction, targets, weight, value, grad);
  }
  void remember(Device&, WideInput<Device>, const double*) {}
  std::vector<StateBuffer<Device>> buffers() const { return {}; }

 private:
  L loss_;
};

/// A loss with a state is that state.
template <class L, class Device>
requires Remembers<L, Device>
class Running<L, Device> : public L::template State<Device> {
  using L::template State<Device>::State;
};

}  // namespace extrema::loss
