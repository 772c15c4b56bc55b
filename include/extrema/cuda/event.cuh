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

/// One that tells the time.
class TimedEvent {
 public:
  TimedEvent() { check(cudaEventCreate(&event_), "cudaEventCreate"); }
  TimedEvent(const TimedEvent&) = delete;
  TimedEvent& operator=(const TimedEvent&) = delete;
  ~TimedEvent() { cudaEventDestroy(event_); }
  void record(cudaStream_t stream) { check(cudaEventRecord(event_, stream), "cudaEventRecord"); }
  /// Milliseconds. Waits for this one.
  float since(const TimedEvent& other) const {
    float time = 0;
    check(cudaEventSynchronize(event_), "cudaEventSynchronize");
    check(cudaEventElapsedTime(&time, other.event_, event_), "cudaEventElapsedTime");
    return time;
  }

 private:
  cudaEvent_t event_ = nullptr;
};

}  // namespace extrema::cuda
