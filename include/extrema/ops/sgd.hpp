// SPDX-License-Identifier: MIT
// One step of stochastic gradient descent with momentum over the flat store, with per-segment
// rates.
#pragma once

#include "extrema/core/tensor.hpp"
#include "extrema/ops/segment.hpp"
#include "extrema/ops/step.hpp"

namespace extrema::ops {

/// With g = factor * gradient + decay * value: velocity = momentum velocity + g, and
/// value -= rate * velocity, or rate * (g + momentum velocity) after Nesterov.
template <class W, class S>
struct Sgd {
  static constexpr const char* name = "sgd";
  Matrix<W> values;
  Matrix<const W> gradients;
  Matrix<W> velocity = {};            // empty: no momentum
  Matrix<S> operands = {};            // the values rounded, for products; empty: not wanted
  const Segment* segments = nullptr;  // device memory
  Index segment_count = 0;
  const StepScalars* step = nullptr;  // device memory
  const double* gradient_factor =
      nullptr;  // device memory; null: 1. Where it is 0, nothing changes
  double momentum = 0.9;
  bool nesterov = false;
  constexpr bool valid() const {
    return values.size() == gradients.size() &&
           (velocity.empty() || velocity.size() == values.size()) &&
           (operands.empty() || operands.size() == values.size()) && segments && step;
  }
};

}  // namespace extrema::ops
