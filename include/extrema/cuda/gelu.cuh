// SPDX-License-Identifier: MIT
// The exact GELU on the card. Forward moves x and y once, backward x, both gradients (and the old
// one where it accumulates): 4 and 6 bytes an element in bfloat16, by packs of 8.
#pragma once

#include <cmath>

#include "extrema/cuda/device.cuh"
#include "extrema/cuda/pass.cuh"
#include "extrema/ops/gelu.hpp"

namespace extrema::cuda {

namespace detail {

template <class W>
struct Normal {
  W below;  // Φ(x)
  W bell;   // exp(-x² / 2)
};

/// As exact as the type's own functions.
template <class W>
__device__ Normal<W> normal(W x) {
  constexpr auto root_half = static_cast<W>(0.70710678118654752440);
  return {W{0.5} * (W{1} + std::erf(x * root_half)), std::exp(W{-0.5} * x * x)};
}

/// Off by at most 4e-7, which no narrow type sees: half of Abramowitz and Stegun's 7.1.26. (By erff
/// the forward pass would wait for arithmetic, not for memory.)
__device__ inline Normal<float> normal_of_narrow(float x) {
  constexpr float slope = 0.3275911f * 0.70710678f, log2_e = 1.44269504f;
  const float t = __fdividef(1.f, 1.f + slope * std::fabs(x));
  const float bell = std::exp2(-0.5f * log2_e * x * x);
  const float series =
      t * (0.127414796f +
           t * (-0.142248368f + t * (0.7107068705f + t * (-0.7265760135f + t * 0.5307027145f))));
  const float tail = series * bell;
  return {x < 0 ? tail : 1.f - tail, bell};
}

template <class S>
__device__ Normal<WideOf<S>> normal_of(WideOf<S> x) {
  if constexpr (sizeof(S) < sizeof(float)) return normal_of_narrow(x);
  else return normal(x);
}

/// The gradient of x, from that of y.
template <class S, int n>
__device__ Pack<WideOf<S>, n> gelu_gradient(const Pack<WideOf<S>, n>& x, Pack<WideOf<S>, n> grad) {
  constexpr auto density = static_cast<WideOf<S>>(0.39894228040143267794);  // 1 / sqrt(2 pi)
#pragma unroll
  for (int i = 0; i < n; ++i) {
    const auto [below, bell] = normal_of<S>(x.at[i]);
    grad.at[i] *= below + x.at[i] * density * bell;
  }
  return grad;
}

template <class S>
struct GeluPass {
  static constexpr int at_once = 2;
  const S* x;
  S* y;

  template <int n>
  __device__ Pack<S, n> read(Index at) const {
    return load<n>(x + at);
  }
  template <int n>
  __device__ void write(Index at, const Pack<S, n>& in) const {
    auto values = widen(in);
#pragma unroll
    for (auto& value : values.at) value *= normal_of<S>(value).below;
    store(y + at, narrow<S>(values));
  }
};

template <class S>
struct GeluBackwardPass {
  static constexpr int at_once = 1;
  const S* x;
  const S* grad_y;
  S* grad_x;
  bool accumulate;

  template <int n>
  struct In {
    Pack<S, n> x, grad_y;
  };
  template <int n>
  __device__ In<n> read(Index at) const {
    return {load<n>(x + at), load<n>(grad_y + at)};
  }
  template <int n>
  __device__ void write(Index at, const In<n>& in) const {
    put(grad_x + at, gelu_gradient<S>(widen(in.x), widen(in.grad_y)), accumulate);
  }
};

}  // namespace detail

template <class F, class P, class S>
void launch(BasicDevice<F, P>& device, const ops::Gelu<S>& op) {
  constexpr int n = pack_size<S>;
  run_pass<n>(device, op.name, detail::GeluPass<S>{op.x.data, op.y.data}, op.x.size(),
              in_packs<n>(op.x.data, op.y.data));
}

template <class F, class P, class S>
void launch(BasicDevice<F, P>& device, const ops::GeluBackward<S>& op) {
  constexpr int n = pack_size<S>;
  S* grad_x = op.grad_x.tensor.data;
  run_pass<n>(device, op.name,
              detail::GeluBackwardPass<S>{op.x.data, op.grad_y.data, grad_x, op.grad_x.accumulate},
              op.x.size(), in_packs<n>(op.x.data, op.grad_y.data, grad_x));
}

}  // namespace extrema::cuda
