// SPDX-License-Identifier: MIT
// GELU, residual sums and stochastic depth in their plainest form.   T tokens, D = width
#pragma once

#include <cmath>

#include "device.cuh"
#include "extrema/ops/drop_path.hpp"
#include "extrema/ops/gelu_backward_sum.hpp"
#include "extrema/ops/residual.hpp"
#include "sequence_of.cuh"

namespace extrema::plain {

/// Φ(x), the normal distribution's integral.
template <class W>
__device__ W normal_integral(W x) {
  return W{0.5} * (W{1} + std::erf(x * static_cast<W>(0.70710678118654752440)));
}

template <class S>
struct Element<ops::Gelu<S>> {
  ops::Gelu<S> op;
  Index count() const { return op.x.size(); }
  __device__ void operator()(Index i) const {
    const auto x = static_cast<WideOf<S>>(op.x.data[i]);
    op.y.data[i] = static_cast<S>(x * normal_integral(x));
  }
};

template <class S>
struct Element<ops::GeluBackward<S>> {
  ops::GeluBackward<S> op;
  Index count() const { return op.x.size(); }
  __device__ void operator()(Index i) const {
    using W = WideOf<S>;
    constexpr auto top = static_cast<W>(0.39894228040143267794);  // 1 / sqrt(2 pi)
    const auto x = static_cast<W>(op.x.data[i]);
    const W slope = normal_integral(x) + x * top * std::exp(W{-0.5} * x * x);
    put(op.grad_x, i, static_cast<W>(op.grad_y.data[i]) * slope);
  }
};

template <class Format, class S, class W>
void launch(Device<Format>& device, const ops::GeluBackwardSum<S, W>& op) {
  launch(device, op.gelu);
  launch(device, op.sum);
}

template <class X, class S, class W>
struct Element<ops::Residual<X, S, W>> {
  ops::Residual<X, S, W> op;
  Index count() const { return op.x.size(); }
  __device__ void operator()(Index i) const {
    const W gamma = op.gamma.empty() ? W{1} : op.gamma.data[i % op.x.cols],
            scale = op.scale.empty() ? W{1} : op.scale.data[i / op.x.cols];
    op.y.data[i] = static_cast<X>(static_cast<W>(op.x.data[i]) +
                                  scale * static_cast<W>(op.branch.data[i]) * gamma);
  }
};

/// A thread takes a column, whose gradient of gamma it sums.
template <class X, class S, class W>
struct Element<ops::ResidualBackward<X, S, W>> {
  ops::ResidualBackward<X, S, W> op;
  Index count() const { return op.grad_y.cols; }
  __device__ void operator()(Index k) const {
    const W gamma = op.gamma.empty() ? W{1} : op.gamma.data[k];
    W sum = 0;
    for (Index t = 0; t < op.grad_y.rows; ++t) {
      const W scale = op.scale.empty() ? W{1} : op.scale.data[t];
      const W grad = static_cast<W>(op.grad_y.row(t)[k]) * scale;
      if (!op.gamma.empty()) sum += grad * static_cast<W>(op.branch.row(t)[k]);
      op.grad_branch.row(t)[k] = static_cast<S>(grad * gamma);
    }
    if (!op.gamma.empty()) op.grad_gamma.data[k] += sum;
  }
};

template <class W>
struct Element<ops::DropPath<W>> {
  ops::DropPath<W> op;
  Index count() const { return op.scale.rows; }
  __device__ void operator()(Index t) const {
    op.scale.data[t] = op.factor(sequence_of(op.sequences, t));
  }
};

}  // namespace extrema::plain
