// SPDX-License-Identifier: MIT
// The residual stream, and what the norm of the layer that reads it next has made of it: both leave
// one pass, so a layer is handed both and hands both on.   T tokens, D = width
#pragma once

#include "extrema/nn/layer_norm.hpp"

namespace extrema::nn {

template <class Device>
struct NormedInput {
  StreamInput<Device> x;         // (T, D)
  Input<Device> n;               // (T, D)
  WideInput<Device> statistics;  // (T, 2)

  LayerNorm::Saved<Device, Stream<Device>> saved() const { return {x, statistics}; }
};

template <class Device>
struct Normed {
  StreamTensor<Device> x;              // (T, D)
  Tensor<Device> n = {};               // (T, D)  empty: no norm follows
  WideTensor<Device> statistics = {};  // (T, 2)
};

template <class Device>
NormedInput<Device> reading(const Normed<Device>& stream) {
  return {stream.x, stream.n, stream.statistics};
}

/// Memory for one, without the norm's where none follows.
template <class Device>
Normed<Device> take_normed(Device& device, Index rows, Index cols, bool norm_follows) {
  const auto x = take_stream(device, rows, cols);  // (T, D)
  if (!norm_follows) return {x};
  return {x, take(device, rows, cols), take_wide(device, rows, 2)};
}

/// A layer's own norm of a stream that nobody has normed yet.
template <class Device>
NormedInput<Device> normed(Device& device, const Weights<Device>& weights, const LayerNorm& norm,
                           StreamInput<Device> x) {
  const auto [n, saved] = norm.forward(device, weights, x);  // (T, D)
  return {x, n, saved.statistics};
}

}  // namespace extrema::nn
