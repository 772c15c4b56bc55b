// SPDX-License-Identifier: MIT
// Streams, events and functions of the host on a stream.
#include <cuda_runtime_api.h>

#include <mutex>

#include "../memory.hpp"
#include "../queues.hpp"

using namespace emulator;

extern "C" {

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  const std::lock_guard lock{emulator_mutex()};
  *stream = new CUstream_st;
  (*stream)->device = current_device();
  streams().push_back(*stream);
  return cudaSuccess;
}
cudaError_t cudaStreamCreate(cudaStream_t* stream) { return cudaStreamCreateWithFlags(stream, 0); }
cudaError_t cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned flags, int) {
  return cudaStreamCreateWithFlags(stream, flags);
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  if (!stream) return result(cudaErrorInvalidValue);
  drain(stream);
  const std::lock_guard lock{emulator_mutex()};
  std::erase(streams(), stream);
  delete stream;
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  if (is_capturing(stream) || this_thread_captures())
    return result(cudaErrorStreamCaptureUnsupported);
  drain(stream);
  return cudaSuccess;
}
cudaError_t cudaStreamQuery(cudaStream_t stream) {
  const std::lock_guard lock{emulator_mutex()};
  run_one();
  return stream->queue.empty() ? cudaSuccess : cudaErrorNotReady;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  *event = new CUevent_st;
  return cudaSuccess;
}
cudaError_t cudaEventCreate(cudaEvent_t* event) { return cudaEventCreateWithFlags(event, 0); }
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  const std::lock_guard lock{emulator_mutex()};
  event->capture = is_capturing(stream) ? stream->capture : nullptr;
  if (event->capture) return cudaSuccess;
  const std::uint64_t number = ++event->recorded;
  enqueue(stream, "record of an event", [passed = event->passed, number] {
    *passed = number;
    return true;
  });
  return cudaSuccess;
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  const std::lock_guard lock{emulator_mutex()};
  if (event->capture) {  // the stream joins the graph
    if (stream_of(stream)) stream->capture = event->capture;
    return cudaSuccess;
  }
  if (is_capturing(stream)) return result(cudaErrorStreamCaptureIsolation);
  enqueue(stream, "wait for an event",
          [passed = event->passed, number = event->recorded] { return *passed >= number; });
  return cudaSuccess;
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  if (event->capture) return result(cudaErrorCapturedEvent);
  const std::uint64_t number = event->recorded;
  run_until([=] { return *event->passed >= number; }, "cudaEventSynchronize");
  return cudaSuccess;
}
cudaError_t cudaEventQuery(cudaEvent_t event) {
  const std::lock_guard lock{emulator_mutex()};
  run_one();
  return *event->passed >= event->recorded ? cudaSuccess : cudaErrorNotReady;
}
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t, cudaEvent_t) {
  *milliseconds = 1;  // nothing here takes a time that means anything
  return cudaSuccess;
}

cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void* argument) {
  enqueue(stream, "host function", [=] {
    const HostAccess closed;
    function(argument);
    return true;
  });
  return cudaSuccess;
}

}  // extern "C"
