// SPDX-License-Identifier: MIT
// Streams are queues whose operations run as late as they can, when the host waits for something,
// in any order that events allow. So what depends on an order that no event makes goes wrong.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace emulator {

/// Runs, and returns true; or false, where it has to wait for another stream.
using Work = std::function<bool()>;

struct Operation {
  const char* name;
  Work work;
};

/// Puts an operation on a stream, or on the graph that the stream captures.
void enqueue(cudaStream_t stream, const char* name, Work work);

/// Runs what is queued until `done()`, and fails where nothing could run for as long as is set.
void run_until(const std::function<bool()>& done, const char* waiting_in);

/// Everything on the stream; on all streams of the current device, where it is the null stream.
void drain(cudaStream_t stream);
/// Whether an operation could run, and did.
bool run_one();

bool is_capturing(cudaStream_t stream);
/// Then it may neither allocate nor wait.
bool this_thread_captures();
int& current_device();

/// Keeps what cudaGetLastError gives.
cudaError_t result(cudaError_t error);
cudaError_t& last_error();

/// Streams that exist, and the device's null stream as a null pointer.
std::vector<CUstream_st*>& streams();
CUstream_st* stream_of(cudaStream_t handle);

}  // namespace emulator

// The toolkit declares these and never says what they are.
struct CUgraph_st {
  std::vector<emulator::Operation> operations;
};
struct CUgraphExec_st {
  std::vector<emulator::Operation> operations;
};
struct CUstream_st {
  std::deque<emulator::Operation> queue;
  CUgraph_st* capture = nullptr;  // where operations go meanwhile
  std::thread::id capturer{};     // where the capture began on this stream: the host's thread
  int device = 0;
};
struct CUevent_st {
  std::uint64_t recorded = 0;  // how often
  std::shared_ptr<std::uint64_t> passed = std::make_shared<std::uint64_t>(0);
  CUgraph_st* capture = nullptr;  // the graph that it was recorded in
};
