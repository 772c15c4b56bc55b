// SPDX-License-Identifier: MIT
// LARS (arXiv 1708.03888), for large batches: the recipe, and its state over a flat store.
#pragma once

#include <array>
#include <vector>

#include "extrema/device/state_buffer.hpp"
#include "extrema/device/upload.hpp"
#include "extrema/device/values.hpp"
#include "extrema/ops/flat.hpp"
#include "extrema/ops/lars.hpp"
#include "extrema/ops/run.hpp"
#include "extrema/optim/parameter_groups.hpp"

namespace extrema::optim {

/// As MoCo v3 and MAE use it. Parameters that do not decay (vectors, biases, class tokens) are not
/// scaled either. (Those codes go by the number of dimensions, and so scale the class token.)
struct Lars {
  double momentum = 0.9;
  double trust = 0.001;  // a step's length, as a share of its parameter's
  ParameterGroups groups = {};

  template <class Device>
  class State;
};

/// The velocity, over a flat store.
template <class Device>
class Lars::State {
 public:
  State(Device& device, const Lars& recipe, const Layout& layout)
      : State{device, recipe, layout.size(), separate_segments(layout, recipe.groups)} {}

  /// With segments of one's own, one for each parameter; they cover the store.
  State(Device& device, const Lars& recipe, Index size, const std::vector<ops::Segment>& segments)
      : recipe_{recipe}, velocity_{size}, segments_{upload(device, segments)} {
    ops::run(device, ops::Zero<Wide<Device>>{velocity_.view()});
  }

  /// One step, as AdamW's.
  void update(Device& device, const Values<Device>& values, WideInput<Device> gradients,
              const ops::StepScalars* step, const double* gradient_factor) {
    ops::run(device, ops::Lars<Wide<Device>, Scalar<Device>>{.values = values.wide(),
                                                             .gradients = gradients,
                                                             .velocity = velocity_.view(),
                                                             .operands = values.operands(),
                                                             .segments = segments_.data(),
                                                             .segment_count = segments_.size(),
                                                             .step = step,
                                                             .gradient_factor = gradient_factor,
                                                             .momentum = recipe_.momentum,
                                                             .trust = recipe_.trust});
  }

  /// What a checkpoint holds of it.
  std::array<StateBuffer<Device>, 1> buffers() const { return {{{"velocity", velocity_.view()}}}; }

 private:
  Lars recipe_;
  Buffer<Wide<Device>, typename Device::Memory> velocity_;
  Buffer<ops::Segment, typename Device::Memory> segments_;
};

}  // namespace extrema::optim
