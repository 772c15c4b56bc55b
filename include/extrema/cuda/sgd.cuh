// SPDX-License-Identifier: MIT
// SGD on the card: one pass reads values, gradients and velocities, and writes all but the
// gradients, with the operands: 20 bytes a parameter, 22 with bfloat16 operands.
#pragma once

#include "extrema/cuda/segments.cuh"
#include "extrema/ops/sgd.hpp"

namespace extrema::cuda {

namespace detail {

template <class W>
struct SgdRates {
  Index end;
  bool trained;
  W scale;  // of the gradient
  W decay;
  W rate;

  template <class Operation>
  static __device__ SgdRates of(const Operation& op, const ops::Segment& segment, double factor) {
    return {.end = segment.end,
            .trained = false,
            .scale = static_cast<W>(factor),
            .decay = static_cast<W>(op.step->weight_decay * segment.decay_scale),
            .rate = static_cast<W>(op.step->learning_rate * segment.rate_scale)};
  }
};

template <class W, class S>
struct SgdPass {
  static constexpr int at_once = 1;
  ops::Sgd<W, S> op;
  const SgdRates<W>* rates;

  template <int n>
  struct In {
    Pack<W, n> value, gradient, velocity;
  };
  template <int n>
  __device__ In<n> read(Index at) const {
    In<n> in{load<n>(op.values.data + at), load<n>(op.gradients.data + at), {}};
    if (!op.velocity.empty()) in.velocity = load<n>(op.velocity.data + at);
    return in;
  }
  template <int n>
  __device__ void write(Index at, const In<n>& in) const {
    update_by_segment<n>(*this, at, in, rates, op.segment_count);
  }
  template <int n>
  __device__ void update(Index at, In<n> in, const SgdRates<W>& r) const {
    const auto momentum = static_cast<W>(op.momentum);
    const bool moves = !op.velocity.empty();
#pragma unroll
    for (int i = 0; i < n; ++i) {
      const W gradient = in.gradient.at[i] * r.scale + in.value.at[i] * r.decay;
      W& velocity = in.velocity.at[i];
      velocity = velocity * momentum + gradient;
      const W step = !moves ? gradient : op.nesterov ? gradient + velocity * momentum : velocity;
      in.value.at[i] -= step * r.rate;
    }
    store(op.values.data + at, in.value);
    if (moves) store(op.velocity.data + at, in.velocity);
    if (!op.operands.empty()) store(op.operands.data + at, narrow<S>(in.value));
  }
};

}  // namespace detail

template <class F, class P, class W, class S>
void launch(BasicDevice<F, P>& device, const ops::Sgd<W, S>& op) {
  constexpr int n = pack_size<W, S>;
  const bool packed =
      in_packs<n>(reading(op.values).data, op.gradients.data, reading(op.velocity).data) &&
      in_packs<n>(op.operands.data);
  const Scope scope{device.workspace()};
  const auto rates = work_out_rates<detail::SgdRates<W>>(device, op);
  run_pass<n>(device, op.name, detail::SgdPass<W, S>{op, rates}, op.values.size(), packed);
}

}  // namespace extrema::cuda
