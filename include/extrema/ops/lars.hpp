// SPDX-License-Identifier: MIT
// One LARS step (arXiv 1708.03888) over the flat store: a segment is a parameter, whose step has
// the length of its values.
#pragma once

#include "extrema/core/tensor.hpp"
#include "extrema/ops/segment.hpp"
#include "extrema/ops/step.hpp"

namespace extrema::ops {

/// With g = factor * gradient + decay * value: g *= trust |value| / |g| where both norms are > 0,
/// velocity = momentum velocity + g, value -= rate * velocity. A segment whose decay_scale is 0 is
/// neither decayed nor scaled, as in MoCo v3's and MAE's code.
template <class W, class S>
struct Lars {
  static constexpr const char* name = "lars";
  Matrix<W> values;
  Matrix<const W> gradients;
  Matrix<W> velocity;
  Matrix<S> operands = {};            // the values rounded, for products; empty: not wanted
  const Segment* segments = nullptr;  // device memory; one for each parameter
  Index segment_count = 0;
  const StepScalars* step = nullptr;  // device memory
  const double* gradient_factor =
      nullptr;  // device memory; null: 1. Where it is 0, nothing changes
  double momentum = 0.9;
  double trust = 0.001;
  constexpr bool valid() const {
    return values.size() == gradients.size() && values.size() == velocity.size() &&
           (operands.empty() || operands.size() == values.size()) && segments && step;
  }
};

}  // namespace extrema::ops
