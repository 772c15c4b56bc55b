// SPDX-License-Identifier: MIT
// Products of matrices in their plainest form: a thread sums for one element of the result.
// T rows, I = in, O = out
#pragma once

#include <cmath>
#include <cstdint>

#include "device.cuh"
#include "extrema/ops/linear.hpp"
#include "extrema/ops/nearest.hpp"

namespace extrema::plain {

/// The dot product of n numbers each.
template <class S>
__device__ WideOf<S> dot(const S* a, const S* b, Index n) {
  using W = WideOf<S>;
  W sum = 0;
  for (Index i = 0; i < n; ++i) sum += static_cast<W>(a[i]) * static_cast<W>(b[i]);
  return sum;
}

template <class S, class Y, class W>
struct Element<ops::Linear<S, Y, W>> {
  ops::Linear<S, Y, W> op;
  Index count() const { return op.y.size(); }
  __device__ void operator()(Index i) const {
    const Index t = i / op.y.cols, o = i % op.y.cols;
    const W bias = op.bias.empty() ? W{0} : op.bias.data[o];
    op.y.data[i] = static_cast<Y>(dot(op.x.row(t), op.weight.row(o), op.x.cols) + bias);
  }
};

/// The three gradients of a product are three passes.
template <class S, class W>
struct LinearGradWeight {
  ops::LinearBackward<S, W> op;
  Index count() const { return op.grad_weight.size(); }
  __device__ void operator()(Index i) const {
    const Index o = i / op.weight.cols, k = i % op.weight.cols;
    W sum = 0;
    for (Index t = 0; t < op.grad_y.rows; ++t)
      sum += static_cast<W>(op.grad_y.row(t)[o]) * static_cast<W>(op.x.row(t)[k]);
    op.grad_weight.data[i] += sum;
  }
};
template <class S, class W>
struct LinearGradBias {
  ops::LinearBackward<S, W> op;
  Index count() const { return op.grad_bias.size(); }
  __device__ void operator()(Index o) const {
    W sum = 0;
    for (Index t = 0; t < op.grad_y.rows; ++t) sum += static_cast<W>(op.grad_y.row(t)[o]);
    op.grad_bias.data[o] += sum;
  }
};
template <class S, class W>
struct LinearGradX {
  ops::LinearBackward<S, W> op;
  Index count() const { return op.grad_x.tensor.size(); }
  __device__ void operator()(Index i) const {
    const Index t = i / op.weight.cols, k = i % op.weight.cols;
    W sum = 0;
    for (Index o = 0; o < op.weight.rows; ++o)
      sum += static_cast<W>(op.grad_y.row(t)[o]) * static_cast<W>(op.weight.row(o)[k]);
    put(op.grad_x, i, sum);
  }
};

template <class Format, class S, class W>
void launch(Device<Format>& device, const ops::LinearBackward<S, W>& op) {
  if (!op.grad_weight.empty()) each(device, op.name, LinearGradWeight<S, W>{op});
  if (!op.grad_bias.empty()) each(device, op.name, LinearGradBias<S, W>{op});
  if (!op.grad_x.empty()) each(device, op.name, LinearGradX<S, W>{op});
}

/// A thread keeps the best of one query, sorted.
template <class W>
struct Element<ops::Nearest<W>> {
  ops::Nearest<W> op;
  Index count() const { return op.x.rows; }
  __device__ void operator()(Index q) const {
    W* product = op.product.row(q);
    std::int32_t* index = op.index.row(q);
    const Index wanted = op.product.cols;
    for (Index k = 0; k < wanted; ++k) {
      product[k] = static_cast<W>(-HUGE_VAL);
      index[k] = -1;
    }
    for (Index n = 0; n < op.bank.rows; ++n) {
      const W mine = dot(op.x.row(q), op.bank.row(n), op.x.cols);
      Index at = wanted;
      for (; at > 0 && mine > product[at - 1]; --at)
        if (at < wanted) {
          product[at] = product[at - 1];
          index[at] = index[at - 1];
        }
      if (at == wanted) continue;
      product[at] = mine;
      index[at] = static_cast<std::int32_t>(n);
    }
  }
};

}  // namespace extrema::plain
