// SPDX-License-Identifier: MIT
// Stochastic gradient descent with momentum: the recipe, and its state over a flat store.
#pragma once

#include <vector>

#include "extrema/device/state_buffer.hpp"
#include "extrema/device/upload.hpp"
#include "extrema/device/values.hpp"
#include "extrema/ops/flat.hpp"
#include "extrema/ops/run.hpp"
#include "extrema/ops/sgd.hpp"
#include "extrema/optim/parameter_groups.hpp"

namespace extrema::optim {

/// As torch.optim.SGD with dampening 0: the decay is added to the gradient. The learning rate and
/// the weight decay come with each step.
struct Sgd {
  double momentum = 0.9;  // 0: none, and no memory for it
  bool nesterov = false;
  ParameterGroups groups = {};

  template <class Device>
  class State;
};

/// The velocity, over a flat store.
template <class Device>
class Sgd::State {
 public:
  State(Device& device, const Sgd& recipe, const Layout& layout)
      : State{device, recipe, layout.size(), segments(layout, recipe.groups)} {}

  /// With segments of one's own; they cover the store.
  State(Device& device, const Sgd& recipe, Index size, const std::vector<ops::Segment>& segments)
      : recipe_{recipe}, segments_{upload(device, segments)} {
    if (recipe.momentum == 0) return;
    velocity_ = decltype(velocity_){size};
    ops::run(device, ops::Zero<Wide<Device>>{velocity_.view()});
  }

  /// One step, as AdamW's.
  void update(Device& device, const Values<Device>& values, WideInput<Device> gradients,
              const ops::StepScalars* step, const double* gradient_factor) {
    ops::run(device, ops::Sgd<Wide<Device>, Scalar<Device>>{.values = values.wide(),
                                                            .gradients = gradients,
                                                            .velocity = velocity_.view(),
                                                            .operands = values.operands(),
                                                            .segments = segments_.data(),
                                                            .segment_count = segments_.size(),
                                                            .step = step,
                                                            .gradient_factor = gradient_factor,
                                                            .momentum = recipe_.momentum,
                                                            .nesterov = recipe_.nesterov});
  }

  /// What a checkpoint holds of it: nothing without momentum.
  std::vector<StateBuffer<Device>> buffers() const {
    if (velocity_.size() == 0) return {};
    return {{"velocity", velocity_.view()}};
  }

 private:
  Sgd recipe_;
  Buffer<Wide<Device>, typename Device::Memory> velocity_;
  Buffer<ops::Segment, typename Device::Memory> segments_;
};

}  // namespace extrema::optim
