// SPDX-License-Identifier: MIT
// A second queue of the card: what is sent through it travels while the first computes.
#pragma once

#include "extrema/core/tensor.hpp"
#include "extrema/cuda/queue.cuh"

namespace extrema::cuda {

/// Each of the two queues waits for the other where an event says so (cuda/event.cuh).
class Uploads {
 public:
  cudaStream_t stream() const { return queue_.get(); }

  /// From pinned memory. The host goes on at once.
  template <class T>
  void send(const T* from, T* to, Index count) {
    if (count == 0) return;
    check(cudaMemcpyAsync(to, from, static_cast<std::size_t>(count) * sizeof(T),
                          cudaMemcpyHostToDevice, stream()),
          "upload");
  }

 private:
  Queue queue_;
};

}  // namespace extrema::cuda
