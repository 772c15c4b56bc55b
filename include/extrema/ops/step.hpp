// SPDX-License-Identifier: MIT
// What changes from step to step, in device memory: what the host sends ahead, and what the device
// decides on the way. A captured graph reads both by address.
#pragma once

#include <cmath>

#include "extrema/core/config.hpp"
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
      1;                  // what the optimiser multiplies gradients with; 0: it leaves all as it is
  double loss_scale = 1;  // of the loss whose gradients these were
};

/// Dynamic loss scaling (arXiv 1710.03740), for formats whose gradients would vanish or overflow:
/// the loss's gradient is multiplied by `factor`. Halved where that was too much, doubled after
/// 2000 steps in which it was not. (Floats, as they stand in a checkpoint.)
struct LossScale {
  static constexpr float patience = 2000, greatest = 0x1p24f;
  float factor = 0x1p16f;
  float steps = 0;    // since it changed
  float skipped = 0;  // all steps that were not finite, which the optimiser has not made

  EXTREMA_HOST_DEVICE void adapt(bool finite) {
    if (!finite) {
      factor = factor > 2 ? factor / 2 : 1;
      steps = 0;
      ++skipped;
    } else if (++steps >= patience) {
      factor = factor < greatest ? factor * 2 : greatest;
      steps = 0;
    }
  }
};

/// gradient_factor = min(1, clip / (norm + 1e-6)), as PyTorch's clip_grad_norm_ has it; 0 where
/// loss or norm is not finite, so that one bad step changes nothing. With a loss scale, gradients
/// and their norm are `factor` times what they should be: both are mended here.
struct DecideFactor {
  static constexpr const char* name = "decide_factor";
  double clip = 0;                  // the largest gradient norm; 0: any
  StepOutcome* outcome = nullptr;   // device memory
  LossScale* loss_scale = nullptr;  // device memory; null: there is none
  StepScalars* scalars = nullptr;   // device memory: whose count of updates skipped steps leave
  constexpr bool valid() const { return outcome != nullptr && clip >= 0; }

  /// By one thread of any backend.
  EXTREMA_HOST_DEVICE void decide() const {
    const double scale = loss_scale ? loss_scale->factor : 1.f;
    outcome->loss_scale = scale;
    outcome->squared_gradient_norm /= scale * scale;
    const double norm = std::sqrt(outcome->squared_gradient_norm);
    const bool finite = std::isfinite(norm);
    double factor = 0;
    if (finite && std::isfinite(outcome->loss))
      factor = clip > 0 && clip < norm + 1e-6 ? clip / (norm + 1e-6) : 1;
    outcome->gradient_factor = factor / scale;
    if (loss_scale) loss_scale->adapt(finite);
    if (loss_scale && scalars) scalars->count -= loss_scale->skipped;
  }
};

}  // namespace extrema::ops
