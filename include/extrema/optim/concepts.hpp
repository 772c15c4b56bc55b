// SPDX-License-Identifier: MIT
// What an optimiser is: a recipe (a plain struct), and a state that it keeps over a flat store.
#pragma once

#include <concepts>

#include "extrema/core/parameters.hpp"
#include "extrema/device/state_buffer.hpp"
#include "extrema/device/values.hpp"
#include "extrema/ops/step.hpp"

namespace extrema::optim {

/// Recipe::State<Device> is made from the recipe and the layout of the store.
template <class O, class Device>
concept HasState = std::default_initializable<O> && requires {
  typename O::template State<Device>;
} && std::constructible_from<typename O::template State<Device>, Device&, const O&, const Layout&>;

/// update(device, values, gradients, step, gradient_factor) takes one step. All that varies between
/// steps is device memory: the step's numbers, and the factor that gradients are multiplied by
/// (null: 1). Where the factor is 0 it leaves values and state exactly as they are.
template <class S, class Device>
concept UpdatesValues = requires(S& state, Device& device, const Values<Device>& values,
                                 WideInput<Device> gradients, const ops::StepScalars* step,
                                 const double* gradient_factor) {
  { state.update(device, values, gradients, step, gradient_factor) } -> std::same_as<void>;
};

/// buffers() lists what a checkpoint must hold, so that a restart goes on as if nothing had been.
template <class S, class Device>
concept ListsBuffers = requires(const S& state, StateBuffer<Device> buffer) {
  buffer = *state.buffers().begin();
  state.buffers().end();
};

template <class O, class Device>
concept Optimizer =
    HasState<O, Device> && UpdatesValues<typename O::template State<Device>, Device> &&
    ListsBuffers<typename O::template State<Device>, Device>;

}  // namespace extrema::optim
