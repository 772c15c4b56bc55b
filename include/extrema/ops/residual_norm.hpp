// SPDX-License-Identifier: MIT
// y = x + s γ ∘ branch, and the layer norm of y: what stands between two branches of pre-norm
// blocks, in one pass over the stream.
#pragma once

#include "extrema/ops/layer_norm.hpp"
#include "extrema/ops/residual.hpp"

namespace extrema::ops {

/// What the two operations give, bit for bit.
template <class X, class S, class W>
struct ResidualNorm {
  static constexpr const char* name = "residual_norm";
  Residual<X, S, W> sum;
  LayerNorm<X, S, W> norm;  // of sum.y
  constexpr bool valid() const {
    return sum.valid() && norm.valid() && norm.x.data == sum.y.data && same_shape(norm.x, sum.y);
  }
};

}  // namespace extrema::ops
