// SPDX-License-Identifier: MIT
// What changes from step to step, in device memory: what the host sends ahead, and what the device
// decides on the way. A captured graph reads both by address.
#pragma once

#include "extrema/core/random.hpp"
#include "extrema/core/tensor.hpp"

namespace extrema::ops {

/// The numbers of one step, rewritten by the host before each.
struct StepScalars {
  double learning_rate = 0;
  double weight_decay = 0;
  double ema_momentum = 1;
  double count = 1;  // the number of the optimiser's update, from 1: Adam's corrections
  random::StepKey key = {};
};

/// What a step found out. The host sees it when it asks, which may be a step late.
struct StepOutcome {
  double loss = 0;
  double squared_gradient_norm = 0;
  double gradient_factor =
      1;  // what the optimiser multiplies gradients with; 0: it leaves all as it is
};

/// gradient_factor = min(1, clip / (norm + 1e-6)), as PyTorch's clip_grad_norm_ has it; 0 where
/// loss or norm is not finite, so that one bad step changes nothing.
struct DecideFactor {
  static constexpr const char* name = "decide_factor";
  double clip = 0;                 // the largest gradient norm; 0: any
  StepOutcome* outcome = nullptr;  // device memory
  constexpr bool valid() const { return outcome != nullptr && clip >= 0; }
};

}  // namespace extrema::ops
