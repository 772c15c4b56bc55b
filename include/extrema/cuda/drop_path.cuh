// SPDX-License-Identifier: MIT
// Stochastic depth on the card: a warp for each sequence writes its factor for its tokens, which is
// all that is moved (4 bytes a token).
#pragma once

#include "extrema/cuda/device.cuh"
#include "extrema/cuda/launch.cuh"
#include "extrema/ops/drop_path.hpp"

namespace extrema::cuda {

namespace detail {

template <class W>
__global__ void drop_path(const ops::DropPath<W> op) {
  const Index thread = Index{blockIdx.x} * blockDim.x + threadIdx.x, s = thread / warp_size;
  if (s >= op.sequences.count) return;
  const W factor = op.factor(s);
  for (Index t = op.sequences.offsets[s] + thread % warp_size; t < op.sequences.offsets[s + 1];
       t += warp_size)
    op.scale.data[t] = factor;
}

}  // namespace detail

template <class F, class P, class W>
void launch(BasicDevice<F, P>& device, const ops::DropPath<W>& op) {
  start(device, op.name, one_each(op.sequences.count * warp_size), detail::drop_path<W>, op);
}

}  // namespace extrema::cuda
