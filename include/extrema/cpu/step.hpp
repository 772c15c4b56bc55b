// SPDX-License-Identifier: MIT
// What a step decides about itself, on the CPU.
#pragma once

#include <algorithm>
#include <cmath>

#include "extrema/cpu/device.hpp"
#include "extrema/ops/step.hpp"

namespace extrema::cpu {

template <class P, class G, class H>
void launch(TeamDevice<P, G, H>&, const ops::DecideFactor& op) {
  ops::StepOutcome& outcome = *op.outcome;
  const double norm = std::sqrt(outcome.squared_gradient_norm);
  if (!std::isfinite(outcome.loss) || !std::isfinite(norm)) outcome.gradient_factor = 0;
  else if (op.clip > 0) outcome.gradient_factor = std::min(1.0, op.clip / (norm + 1e-6));
  else outcome.gradient_factor = 1;
}

}  // namespace extrema::cpu
