// SPDX-License-Identifier: MIT
// AdamW on the card: one pass reads values, gradients and both moments, and writes all but the
// gradients, with the operands: 28 bytes a parameter, 30 with bfloat16 operands. The few numbers
// that need double are worked out once a segment.
#pragma once

#include <cmath>

#include "extrema/cuda/segments.cuh"
#include "extrema/ops/adamw.hpp"

namespace extrema::cuda {

namespace detail {

template <class W>
struct AdamWRates {
  Index end;
  bool trained;
  W scale;   // of the gradient
  W keep;    // of the value, after decay
  W stride;  // the rate, corrected for the first moment
  W root2;   // of the second moment's correction

  template <class Operation>
  static __device__ AdamWRates of(const Operation& op, const ops::Segment& segment, double factor) {
    const ops::StepScalars& step = *op.step;
    const double rate = step.learning_rate * segment.rate_scale;
    return {.end = segment.end,
            .trained = false,
            .scale = static_cast<W>(factor),
            .keep = static_cast<W>(1 - rate * step.weight_decay * segment.decay_scale),
            .stride = static_cast<W>(rate / (1 - std::pow(op.beta1, step.count))),
            .root2 = static_cast<W>(std::sqrt(1 - std::pow(op.beta2, step.count)))};
  }
};

template <class W, class S>
struct AdamWPass {
  static constexpr int at_once = 1;  // of four arrays
  ops::AdamW<W, S> op;
  const AdamWRates<W>* rates;

  template <int n>
  struct In {
    Pack<W, n> value, gradient, first, second;
  };
  template <int n>
  __device__ In<n> read(Index at) const {
    return {load<n>(op.values.data + at), load<n>(op.gradients.data + at),
            load<n>(op.first.data + at), load<n>(op.second.data + at)};
  }
  template <int n>
  __device__ void write(Index at, const In<n>& in) const {
    update_by_segment<n>(*this, at, in, rates, op.segment_count);
  }
  template <int n>
  __device__ void update(Index at, In<n> in, const AdamWRates<W>& r) const {
    const auto beta1 = static_cast<W>(op.beta1), beta2 = static_cast<W>(op.beta2),
               epsilon = static_cast<W>(op.epsilon);
#pragma unroll
    for (int i = 0; i < n; ++i) {
      const W gradient = in.gradient.at[i] * r.scale;
      W& m = in.first.at[i];
      W& v = in.second.at[i];
      m += (gradient - m) * (W{1} - beta1);
      v = v * beta2 + gradient * gradient * (W{1} - beta2);
      in.value.at[i] =
          in.value.at[i] * r.keep - r.stride * (m / (std::sqrt(v) / r.root2 + epsilon));
    }
    store(op.values.data + at, in.value);
    store(op.first.data + at, in.first);
    store(op.second.data + at, in.second);
    if (!op.operands.empty()) store(op.operands.data + at, narrow<S>(in.value));
  }
};

}  // namespace detail

template <class F, class P, class W, class S>
void launch(BasicDevice<F, P>& device, const ops::AdamW<W, S>& op) {
  constexpr int n = pack_size<W, S>;
  const bool packed = in_packs<n>(reading(op.values).data, op.gradients.data,
                                  reading(op.first).data, reading(op.second).data) &&
                      in_packs<n>(op.operands.data);
  const Scope scope{device.workspace()};
  const auto rates = work_out_rates<detail::AdamWRates<W>>(device, op);
  run_pass<n>(device, op.name, detail::AdamWPass<W, S>{op, rates}, op.values.size(), packed);
}

}  // namespace extrema::cuda
