// SPDX-License-Identifier: MIT
// The plain backend's device, and its one kernel: a thread for each element of an operation.
#pragma once

#include "extrema/core/device.hpp"
#include "extrema/cuda/event.cuh"
#include "extrema/cuda/graph.cuh"
#include "extrema/cuda/launch.cuh"
#include "extrema/cuda/memory.cuh"
#include "extrema/cuda/queue.cuh"

namespace extrema::plain {

/// No products, no tuning: what each operation means, for tests to compare with.
template <class Format>
class Device {
 public:
  using Scalar = typename Format::Scalar;
  using Wide = typename Format::Wide;
  using Stream = typename Format::Stream;
  using Memory = cuda::Memory;
  using Staging = cuda::PinnedMemory;
  using Event = cuda::Event;
  using Replay = cuda::Graphs;

  extrema::Workspace<Memory>& workspace() { return workspace_; }
  cudaStream_t stream() const { return queue_.get(); }
  void synchronise() { queue_.synchronise(); }

 private:
  cuda::Queue queue_;
  extrema::Workspace<Memory> workspace_;
};

/// What sums of stored numbers are made in.
template <class S>
using WideOf = typename Precision<S>::Wide;

/// to = value, or to += value, rounded once.
template <class S, class W>
__device__ void put(Gradient<S> to, Index i, W value) {
  S& place = to.tensor.data[i];
  place = static_cast<S>(to.accumulate ? static_cast<W>(place) + value : value);
}

/// What a thread does for element i of an operation: specialised for each that is one pass.
template <class Operation>
struct Element;

template <class Work>
__global__ void each_kernel(Work work, Index count) {
  const Index i = static_cast<Index>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < count) work(i);
}

/// Calls work(i) for i in [0, work.count()), each by a thread of its own.
template <class Format, class Work>
void each(Device<Format>& device, const char* what, const Work& work) {
  cuda::start(device, what, cuda::one_each(work.count(), 128), each_kernel<Work>, work,
              work.count());
}

template <class Format, class Operation>
requires requires { sizeof(Element<Operation>); }
void launch(Device<Format>& device, const Operation& op) {
  each(device, Operation::name, Element<Operation>{op});
}

}  // namespace extrema::plain
