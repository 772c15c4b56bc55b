// SPDX-License-Identifier: MIT
// A point in a stream that the host, or another stream, waits for.
#pragma once

#include "extrema/cuda/error.cuh"

namespace extrema::cuda {

class Event {
 public:
  Event() { check(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming), "cudaEventCreate"); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { cudaEventDestroy(event_); }

  void record(auto& device) { check(cudaEventRecord(event_, device.stream()), "cudaEventRecord"); }
  /// What is queued from now on waits until this has passed.
  void hold(auto& device) {
    check(cudaStreamWaitEvent(device.stream(), event_, 0), "cudaStreamWaitEvent");
  }
  void wait() { check(cudaEventSynchronize(event_), "cudaEventSynchronize"); }

 private:
  cudaEvent_t event_ = nullptr;
};

}  // namespace extrema::cuda
