// SPDX-License-Identifier: MIT
// What a step decides about itself, on the card: by one thread, so that the host need not wait.
#pragma once

#include "extrema/cuda/device.cuh"
#include "extrema/cuda/launch.cuh"
#include "extrema/ops/step.hpp"

namespace extrema::cuda {

namespace detail {

/// (A template, as all kernels are: nvcc takes no notice of `inline`.)
template <class Operation>
__global__ void decide_factor(const Operation op) {
  if (threadIdx.x == 0) op.decide();
}

}  // namespace detail

template <class F, class P>
void launch(BasicDevice<F, P>& device, const ops::DecideFactor& op) {
  start(device, op.name, {dim3(1), dim3(warp_size)}, detail::decide_factor<ops::DecideFactor>, op);
}

}  // namespace extrema::cuda
