// SPDX-License-Identifier: MIT
// The CUDA backend's device: a precision, one stream and a second for uploads, its workspace, and
// the engine of products.
#pragma once

#include "extrema/core/device.hpp"
#include "extrema/cuda/event.cuh"
#include "extrema/cuda/graph.cuh"
#include "extrema/cuda/memory.cuh"
#include "extrema/cuda/queue.cuh"
#include "extrema/cuda/uploads.cuh"

namespace extrema::cuda {

/// Products multiply matrices: cuda::Lt (cuda/linear.cuh). Of the current card (cudaSetDevice).
/// Throws Error where there is no card, or one that is too old for what was compiled.
template <class Format, class Products>
class BasicDevice {
 public:
  using Scalar = typename Format::Scalar;
  using Wide = typename Format::Wide;
  using Stream = typename Format::Stream;
  using Memory = cuda::Memory;
  using Staging = cuda::PinnedMemory;
  using Event = cuda::Event;
  using Replay = cuda::Graphs;

  extrema::Workspace<Memory>& workspace() { return workspace_; }
  Products& products() { return products_; }
  cudaStream_t stream() const { return queue_.get(); }
  Uploads& uploads() { return uploads_; }
  void synchronise() { queue_.synchronise(); }

 private:
  Queue queue_;
  Uploads uploads_;
  extrema::Workspace<Memory> workspace_;
  Products products_;
};

}  // namespace extrema::cuda
