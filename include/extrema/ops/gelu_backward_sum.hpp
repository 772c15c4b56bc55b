// SPDX-License-Identifier: MIT
// GELU's gradient and what its rows add up to, in one pass: the gradient of the bias that was added
// to x.
#pragma once

#include "extrema/ops/gelu.hpp"
#include "extrema/ops/tokens.hpp"

namespace extrema::ops {

template <class S, class W>
struct GeluBackwardSum {
  static constexpr const char* name = "gelu_backward_sum";
  GeluBackward<S> gelu;
  SumRows<S, W> sum;  // of gelu.grad_x, which is overwritten
  constexpr bool valid() const {
    return gelu.valid() && !gelu.grad_x.accumulate && sum.valid() &&
           sum.x.data == gelu.grad_x.tensor.data && same_shape(sum.x, gelu.x);
  }
};

}  // namespace extrema::ops
