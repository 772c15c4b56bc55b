// SPDX-License-Identifier: MIT
// What a step decides about itself, and the optimisers, in the plainest form: a thread takes an
// element of the store and looks for its segment.
#pragma once

#include <cmath>

#include "device.cuh"
#include "extrema/ops/adamw.hpp"
#include "extrema/ops/lars.hpp"
#include "extrema/ops/sgd.hpp"
#include "extrema/ops/step.hpp"

namespace extrema::plain {

__device__ inline bool is_finite(double x) { return x - x == 0; }

template <>
struct Element<ops::DecideFactor> {
  ops::DecideFactor op;
  Index count() const { return 1; }
  __device__ void operator()(Index) const {
    ops::StepOutcome& outcome = *op.outcome;
    const double scale = op.loss_scale ? op.loss_scale->factor : 1.f;
    outcome.loss_scale = scale;
    outcome.squared_gradient_norm /= scale * scale;
    const double norm = std::sqrt(outcome.squared_gradient_norm), factor = op.clip / (norm + 1e-6);
    if (!is_finite(outcome.loss) || !is_finite(norm)) outcome.gradient_factor = 0;
    else outcome.gradient_factor = (op.clip > 0 && factor < 1 ? factor : 1) / scale;
    if (!op.loss_scale) return;
    op.loss_scale->adapt(is_finite(norm));
    if (op.scalars) op.scalars->count -= op.loss_scale->skipped;
  }
};

/// What an optimiser does to element i: nothing, or by the rates of its segment.
template <class Operation>
struct Rates {
  bool none = true;
  Index segment = 0;
  double factor = 1;  // of the gradient
  double rate = 0, decay = 0;

  __device__ Rates(const Operation& op, Index i) {
    while (segment < op.segment_count && op.segments[segment].end <= i) ++segment;
    if (segment == op.segment_count) return;
    const ops::Segment& mine = op.segments[segment];
    if (op.gradient_factor) factor = *op.gradient_factor;
    none = factor == 0 || mine.rate_scale == 0;
    rate = op.step->learning_rate * mine.rate_scale;
    decay = op.step->weight_decay * mine.decay_scale;
  }
};

template <class W, class S>
struct Element<ops::AdamW<W, S>> {
  ops::AdamW<W, S> op;
  Index count() const { return op.values.size(); }
  __device__ void operator()(Index i) const {
    const Rates<ops::AdamW<W, S>> rates{op, i};
    if (rates.none) return;
    const double correction1 = 1 - std::pow(op.beta1, op.step->count),
                 correction2 = 1 - std::pow(op.beta2, op.step->count);
    const W gradient = op.gradients.data[i] * static_cast<W>(rates.factor),
            beta1 = static_cast<W>(op.beta1), beta2 = static_cast<W>(op.beta2);
    W &first = op.first.data[i], &second = op.second.data[i], &value = op.values.data[i];
    first += (gradient - first) * (W{1} - beta1);
    second = second * beta2 + gradient * gradient * (W{1} - beta2);
    const W root = std::sqrt(second) / static_cast<W>(std::sqrt(correction2));
    value =
        value * static_cast<W>(1 - rates.rate * rates.decay) -
        static_cast<W>(rates.rate / correction1) * (first / (root + static_cast<W>(op.epsilon)));
    if (!op.operands.empty()) op.operands.data[i] = static_cast<S>(value);
  }
};

template <class W, class S>
struct Element<ops::Sgd<W, S>> {
  ops::Sgd<W, S> op;
  Index count() const { return op.values.size(); }
  __device__ void operator()(Index i) const {
    const Rates<ops::Sgd<W, S>> rates{op, i};
    if (rates.none) return;
    const W rate = static_cast<W>(rates.rate), momentum = static_cast<W>(op.momentum);
    W& value = op.values.data[i];
    const W gradient =
        op.gradients.data[i] * static_cast<W>(rates.factor) + value * static_cast<W>(rates.decay);
    if (op.velocity.empty()) {
      value -= gradient * rate;
    } else {
      W& velocity = op.velocity.data[i];
      velocity = velocity * momentum + gradient;
      value -= (op.nesterov ? gradient + velocity * momentum : velocity) * rate;
    }
    if (!op.operands.empty()) op.operands.data[i] = static_cast<S>(value);
  }
};

/// g, before it is scaled.
template <class W, class S>
__device__ W lars_gradient(const ops::Lars<W, S>& op, const Rates<ops::Lars<W, S>>& rates,
                           Index i) {
  return op.gradients.data[i] * static_cast<W>(rates.factor) +
         op.values.data[i] * static_cast<W>(rates.decay);
}

/// A thread takes a segment: what scales its g.
template <class W, class S>
struct LarsLength {
  ops::Lars<W, S> op;
  double* lengths;  // one for each segment
  Index count() const { return op.segment_count; }
  __device__ void operator()(Index s) const {
    double of_values = 0, of_step = 0;
    for (Index i = s == 0 ? 0 : op.segments[s - 1].end; i < op.segments[s].end; ++i) {
      const auto value = static_cast<double>(op.values.data[i]);
      const auto gradient =
          static_cast<double>(lars_gradient(op, Rates<ops::Lars<W, S>>{op, i}, i));
      of_values += value * value;
      of_step += gradient * gradient;
    }
    const bool scaled = op.segments[s].decay_scale != 0 && of_values > 0 && of_step > 0;
    lengths[s] = scaled ? op.trust * std::sqrt(of_values / of_step) : 1;
  }
};

template <class W, class S>
struct LarsElement {
  ops::Lars<W, S> op;
  const double* lengths;
  Index count() const { return op.values.size(); }
  __device__ void operator()(Index i) const {
    const Rates<ops::Lars<W, S>> rates{op, i};
    if (rates.none) return;
    W &value = op.values.data[i], &velocity = op.velocity.data[i];
    velocity = velocity * static_cast<W>(op.momentum) +
               lars_gradient(op, rates, i) * static_cast<W>(lengths[rates.segment]);
    value -= velocity * static_cast<W>(rates.rate);
    if (!op.operands.empty()) op.operands.data[i] = static_cast<S>(value);
  }
};

template <class Format, class W, class S>
void launch(Device<Format>& device, const ops::Lars<W, S>& op) {
  const Scope scope{device.workspace()};
  double* lengths = take_as<double>(device, 1, op.segment_count).data;
  each(device, op.name, LarsLength<W, S>{op, lengths});
  each(device, op.name, LarsElement<W, S>{op, lengths});
}

}  // namespace extrema::plain
