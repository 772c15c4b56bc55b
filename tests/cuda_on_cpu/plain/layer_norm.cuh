// SPDX-License-Identifier: MIT
// Layer normalisation in its plainest form: a thread takes a row, or a column of the sums over
// rows.
#pragma once

#include <cmath>

#include "device.cuh"
#include "extrema/ops/residual_norm.hpp"

namespace extrema::plain {

template <class X, class Y, class W>
struct Element<ops::LayerNorm<X, Y, W>> {
  ops::LayerNorm<X, Y, W> op;
  Index count() const { return op.x.rows; }
  __device__ void operator()(Index t) const {
    const Index width = op.x.cols;
    const X* x = op.x.row(t);
    W sum = 0, squares = 0;
    for (Index k = 0; k < width; ++k) sum += static_cast<W>(x[k]);
    const W mean = sum / static_cast<W>(width);
    for (Index k = 0; k < width; ++k) {
      const W centred = static_cast<W>(x[k]) - mean;
      squares += centred * centred;
    }
    const W variance = squares / static_cast<W>(width);
    const W scale = W{1} / std::sqrt(variance + static_cast<W>(op.epsilon));
    for (Index k = 0; k < width; ++k)
      op.y.row(t)[k] = static_cast<Y>((static_cast<W>(x[k]) - mean) * scale * op.weight.data[k] +
                                      op.bias.data[k]);
    op.statistics.row(t)[0] = mean;
    op.statistics.row(t)[1] = scale;
  }
};

template <class Format, class X, class S, class W>
void launch(Device<Format>& device, const ops::ResidualNorm<X, S, W>& op) {
  launch(device, op.sum);
  launch(device, op.norm);
}

template <class Format, class X, class S, class W>
void launch(Device<Format>& device, const ops::ResidualNormBackward<X, S, W>& op) {
  launch(device, op.norm);
  launch(device, op.sum);
}

/// A column's gradients of weight and bias.
template <class X, class Y, class W>
struct LayerNormColumn {
  ops::LayerNormBackward<X, Y, W> op;
  Index count() const { return op.x.cols; }
  __device__ void operator()(Index k) const {
    W weight = 0, bias = 0;
    for (Index t = 0; t < op.x.rows; ++t) {
      const W* statistics = op.statistics.row(t);
      const auto grad = static_cast<W>(op.grad_y.row(t)[k]);
      weight += grad * (static_cast<W>(op.x.row(t)[k]) - statistics[0]) * statistics[1];
      bias += grad;
    }
    op.grad_weight.data[k] += weight;
    op.grad_bias.data[k] += bias;
  }
};

/// A row's gradient of x.
template <class X, class Y, class W>
struct LayerNormRow {
  ops::LayerNormBackward<X, Y, W> op;
  Index count() const { return op.x.rows; }
  __device__ void operator()(Index t) const {
    const Index width = op.x.cols;
    const auto grad = [&](Index k) {
      return static_cast<W>(op.grad_y.row(t)[k]) * op.weight.data[k];
    };
    const auto normed = [&](Index k) {
      return (static_cast<W>(op.x.row(t)[k]) - op.statistics.row(t)[0]) * op.statistics.row(t)[1];
    };
    W sum = 0, product = 0;
    for (Index k = 0; k < width; ++k) {
      sum += grad(k);
      product += grad(k) * normed(k);
    }
    const W mean_grad = sum / static_cast<W>(width), mean_product = product / static_cast<W>(width);
    for (Index k = 0; k < width; ++k)
      put(op.grad_x, t * width + k,
          (grad(k) - mean_grad - normed(k) * mean_product) * op.statistics.row(t)[1]);
  }
};

/// Columns first: grad_x may stand where grad_y does.
template <class Format, class X, class Y, class W>
void launch(Device<Format>& device, const ops::LayerNormBackward<X, Y, W>& op) {
  each(device, op.name, LayerNormColumn<X, Y, W>{op});
  each(device, op.name, LayerNormRow<X, Y, W>{op});
}

}  // namespace extrema::plain
