// SPDX-License-Identifier: MIT
// Between pinned and device memory, in the order of the device's stream.
#pragma once

#include "extrema/cuda/device.cuh"
#include "extrema/ops/transfer.hpp"

namespace extrema::cuda {

template <class F, class P, class T>
void launch(BasicDevice<F, P>& device, const ops::Upload<T>& op) {
  if (op.count == 0) return;
  check(cudaMemcpyAsync(op.to, op.from, static_cast<std::size_t>(op.count) * sizeof(T),
                        cudaMemcpyHostToDevice, device.stream()),
        op.name);
}

template <class F, class P, class T>
void launch(BasicDevice<F, P>& device, const ops::Download<T>& op) {
  if (op.count == 0) return;
  check(cudaMemcpyAsync(op.to, op.from, static_cast<std::size_t>(op.count) * sizeof(T),
                        cudaMemcpyDeviceToHost, device.stream()),
        op.name);
}

}  // namespace extrema::cuda
