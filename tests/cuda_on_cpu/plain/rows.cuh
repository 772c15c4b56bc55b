// SPDX-License-Identifier: MIT
// What losses are made of, in its plainest form: a thread takes a row, and one adds their terms.
// N rows, M targets, P features
#pragma once

#include <cmath>

#include "extrema/ops/rows.hpp"
#include "linear.cuh"

namespace extrema::plain {

/// |x|, also where the squares are too small or too large for their type.
template <class W>
__device__ W norm(const W* x, Index n) {
  double sum = 0;
  for (Index i = 0; i < n; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  return static_cast<W>(std::sqrt(sum));
}

template <class W>
struct Element<ops::NormaliseRows<W>> {
  ops::NormaliseRows<W> op;
  Index count() const { return op.x.rows; }
  __device__ void operator()(Index i) const {
    const W length = norm(op.x.row(i), op.x.cols), epsilon = static_cast<W>(op.epsilon);
    op.scale.data[i] = length > epsilon ? W{1} / length : W{-1} / epsilon;
    for (Index k = 0; k < op.x.cols; ++k)
      op.y.row(i)[k] = op.x.row(i)[k] / (length > epsilon ? length : epsilon);
  }
};

template <class W>
struct Element<ops::NormaliseRowsBackward<W>> {
  ops::NormaliseRowsBackward<W> op;
  Index count() const { return op.y.rows; }
  __device__ void operator()(Index i) const {
    const W scale = op.scale.data[i];
    const W radial = scale > 0 ? dot(op.y.row(i), op.grad_y.row(i), op.y.cols) : W{0};
    for (Index k = 0; k < op.y.cols; ++k)
      put(op.grad_x, i * op.y.cols + k,
          (op.grad_y.row(i)[k] - op.y.row(i)[k] * radial) * std::abs(scale));
  }
};

template <class W>
struct SquaredDistanceRow {
  ops::SquaredDistance<W> op;
  double* terms;  // (N)
  Index count() const { return op.x.rows; }
  __device__ void operator()(Index i) const {
    const double share = op.weight / static_cast<double>(op.x.rows);
    double sum = 0;
    for (Index k = 0; k < op.x.cols; ++k) {
      const W difference = op.x.row(i)[k] - op.target.row(i % op.target.rows)[k];
      sum += static_cast<double>(difference) * static_cast<double>(difference);
      op.grad.row(i)[k] = static_cast<W>(2 * share) * difference;
    }
    terms[i] = sum;
  }
};

template <class W>
struct CrossEntropyRow {
  ops::CrossEntropy<W> op;
  double* terms;  // (N)
  Index count() const { return op.logits.rows; }
  __device__ void operator()(Index i) const {
    const Index classes = op.logits.cols, label = op.first + i % op.targets;
    const W *logits = op.logits.row(i), sharpness = static_cast<W>(1 / op.temperature);
    W* grad = op.grad.row(i);
    W top = logits[0], missed = 0;
    for (Index c = 1; c < classes; ++c) top = logits[c] > top ? logits[c] : top;
    const W wanted = (logits[label] - top) * sharpness, hit = std::exp(wanted);
    for (Index c = 0; c < classes; ++c) {
      grad[c] = std::exp((logits[c] - top) * sharpness);
      if (c != label) missed += grad[c];
    }
    const W total = hit + missed;
    grad[label] = -missed;  // p - 1, without its cancellation where p is near 1
    const W share = static_cast<W>(op.weight / static_cast<double>(op.logits.rows));
    for (Index c = 0; c < classes; ++c) grad[c] *= share * sharpness / total;
    terms[i] = static_cast<double>(std::log(total) - wanted);
  }
};

/// loss += weight times the mean of the terms.
struct AddMean {
  const double* terms;  // (N)
  Index rows;
  double weight;
  double* loss;
  Index count() const { return 1; }
  __device__ void operator()(Index) const {
    double sum = 0;
    for (Index i = 0; i < rows; ++i) sum += terms[i];
    *loss += sum * (weight / static_cast<double>(rows));
  }
};

template <class Format, class W>
void launch(Device<Format>& device, const ops::SquaredDistance<W>& op) {
  const Scope scope{device.workspace()};
  double* terms = take_as<double>(device, 1, op.x.rows).data;
  each(device, op.name, SquaredDistanceRow<W>{op, terms});
  each(device, op.name, AddMean{terms, op.x.rows, op.weight, op.loss});
}

template <class Format, class W>
void launch(Device<Format>& device, const ops::CrossEntropy<W>& op) {
  const Scope scope{device.workspace()};
  double* terms = take_as<double>(device, 1, op.logits.rows).data;
  each(device, op.name, CrossEntropyRow<W>{op, terms});
  each(device, op.name, AddMean{terms, op.logits.rows, op.weight, op.loss});
}

}  // namespace extrema::plain
