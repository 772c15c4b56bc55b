// SPDX-License-Identifier: MIT
// What a step decides about itself, on the card: by one thread, so that the host need not wait.
#pragma once

#include <cmath>

#include "extrema/cuda/device.cuh"
#include "extrema/cuda/launch.cuh"
#include "extrema/ops/step.hpp"

namespace extrema::cuda {

namespace detail {

/// (A template, as all kernels are: nvcc takes no notice of `inline`.)
template <class Operation>
__global__ void decide_factor(const Operation op) {
  if (threadIdx.x != 0) return;
  ops::StepOutcome& outcome = *op.outcome;
  const double norm = std::sqrt(outcome.squared_gradient_norm);
  double factor = 1;
  if (!std::isfinite(outcome.loss) || !std::isfinite(norm)) factor = 0;
  else if (op.clip > 0) factor = std::fmin(1.0, op.clip / (norm + 1e-6));
  outcome.gradient_factor = factor;
}

}  // namespace detail

template <class F, class P>
void launch(BasicDevice<F, P>& device, const ops::DecideFactor& op) {
  start(device, op.name, {dim3(1), dim3(warp_size)}, detail::decide_factor<ops::DecideFactor>, op);
}

}  // namespace extrema::cuda
