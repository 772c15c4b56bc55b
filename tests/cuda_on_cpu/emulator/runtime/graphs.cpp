// SPDX-License-Identifier: MIT
// Graphs: what is captured is a list of operations with their arguments, which a launch queues
// again, in the order of the capture.
#include <cuda_runtime_api.h>

#include <mutex>

#include "../memory.hpp"
#include "../queues.hpp"

using namespace emulator;

extern "C" {

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  const std::lock_guard lock{emulator_mutex()};
  if (!stream_of(stream) || stream->capture) return result(cudaErrorStreamCaptureUnsupported);
  stream->capture = new CUgraph_st;
  stream->capturer = std::this_thread::get_id();
  return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  const std::lock_guard lock{emulator_mutex()};
  if (!stream->capture || stream->capturer != std::this_thread::get_id())
    return result(cudaErrorStreamCaptureInvalidated);
  *graph = stream->capture;
  stream->capturer = {};
  for (CUstream_st* other : streams())
    if (other->capture == *graph) other->capture = nullptr;
  return cudaSuccess;
}
cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
  *status = is_capturing(stream) ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusNone;
  return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph,
                                 unsigned long long) {
  *executable = new CUgraphExec_st{graph->operations};
  return cudaSuccess;
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
  for (const Operation& operation : executable->operations)
    enqueue(stream, operation.name, operation.work);
  return cudaSuccess;
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  delete executable;
  return cudaSuccess;
}

}  // extern "C"
