// SPDX-License-Identifier: MIT
// y = x + s γ ∘ branch, and the layer norm of y: what stands between two branches of pre-norm
// blocks, in one pass over the stream; and its way back.
#pragma once

#include "extrema/ops/layer_norm.hpp"
#include "extrema/ops/residual.hpp"

namespace extrema::ops {

/// What the two operations give. norm.y and norm.statistics alias none of the sum's arguments.
template <class X, class S, class W>
struct ResidualNorm {
  static constexpr const char* name = "residual_norm";
  Residual<X, S, W> sum;
  LayerNorm<X, S, W> norm;  // of sum.y
  constexpr bool valid() const {
    return sum.valid() && norm.valid() && norm.x.data == sum.y.data && same_shape(norm.x, sum.y);
  }
};

/// The norm's gradient completes that of y, from which the branch's follows. Without γ.
/// sum.grad_branch aliases none of the norm's arguments.
template <class X, class S, class W>
struct ResidualNormBackward {
  static constexpr const char* name = "residual_norm_backward";
  LayerNormBackward<X, S, W> norm;
  ResidualBackward<X, S, W> sum;  // of norm.grad_x
  constexpr bool valid() const {
    return norm.valid() && sum.valid() && sum.gamma.empty() &&
           sum.grad_y.data == norm.grad_x.tensor.data && same_shape(sum.grad_y, norm.x);
  }
};

}  // namespace extrema::ops
