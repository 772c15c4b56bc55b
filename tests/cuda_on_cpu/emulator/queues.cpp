// SPDX-License-Identifier: MIT
#include "queues.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <string>

#include "failure.hpp"
#include "memory.hpp"
#include "settings.hpp"

namespace emulator {

using Lock = std::unique_lock<std::recursive_mutex>;

/// Something was queued, or has run.
static std::condition_variable_any& changed() {
  static std::condition_variable_any condition;
  return condition;
}

std::vector<CUstream_st*>& streams() {
  static std::vector<CUstream_st*> all;
  return all;
}

CUstream_st* stream_of(cudaStream_t handle) {
  return handle == cudaStreamLegacy || handle == cudaStreamPerThread ? nullptr : handle;
}

int& current_device() {
  thread_local int device = 0;
  return device;
}

cudaError_t& last_error() {
  thread_local cudaError_t error = cudaSuccess;
  return error;
}

cudaError_t result(cudaError_t error) {
  if (error != cudaSuccess) last_error() = error;
  return error;
}

bool is_capturing(cudaStream_t stream) { return stream_of(stream) && stream->capture; }

bool this_thread_captures() {
  return std::any_of(streams().begin(), streams().end(), [](const CUstream_st* stream) {
    return stream->capturer == std::this_thread::get_id();
  });
}

/// `awaited` comes first, unless the order is random: others run where it has to wait for them.
static bool run_one_of(const CUstream_st* awaited) {
  std::vector<CUstream_st*> candidates;
  for (CUstream_st* stream : streams())
    if (!stream->queue.empty()) candidates.push_back(stream);
  arrange(candidates);
  if (settings().order != Order::random)
    std::stable_partition(candidates.begin(), candidates.end(),
                          [=](const CUstream_st* stream) { return stream == awaited; });
  for (CUstream_st* stream : candidates) {
    if (!stream->queue.front().work()) continue;
    stream->queue.pop_front();
    changed().notify_all();
    return true;
  }
  return false;
}

bool run_one() { return run_one_of(nullptr); }

static std::string heads_of_queues() {
  std::string heads;
  for (const CUstream_st* stream : streams())
    if (!stream->queue.empty()) heads += std::string{" "} + stream->queue.front().name;
  return heads;
}

static void run_for(const CUstream_st* awaited, const std::function<bool()>& done,
                    const char* waiting_in) {
  const std::chrono::seconds patience{settings().patience};
  Lock lock{emulator_mutex()};
  for (;;) {
    {
      const DeviceAccess open;  // once for all that can run
      while (!done())
        if (!run_one_of(awaited)) break;
    }
    if (done()) return;
    if (changed().wait_for(lock, patience) == std::cv_status::timeout && !done() && !run_one())
      fail(std::string{"nothing can run while the host waits in "} + waiting_in +
           "; heads of the queues:" + heads_of_queues());
  }
}

void run_until(const std::function<bool()>& done, const char* waiting_in) {
  run_for(nullptr, done, waiting_in);
}

void drain(cudaStream_t handle) {
  CUstream_st* const stream = stream_of(handle);
  if (stream)
    return run_for(
        stream, [=] { return stream->queue.empty(); }, "a synchronisation of a stream");
  const auto idle = [] {
    return std::all_of(streams().begin(), streams().end(), [](const CUstream_st* s) {
      return s->device != current_device() || s->queue.empty();
    });
  };
  run_until(idle, "a synchronisation of the device");
}

void enqueue(cudaStream_t handle, const char* name, Work work) {
  const Lock lock{emulator_mutex()};
  CUstream_st* const stream = stream_of(handle);
  if (!stream) {  // the null stream: after everything before it, before everything after it
    drain(nullptr);
    return run_until(work, name);
  }
  if (stream->capture) {
    stream->capture->operations.push_back({name, std::move(work)});
    return;
  }
  stream->queue.push_back({name, std::move(work)});
  changed().notify_all();
  if (settings().eager)
    while (run_one()) {
    }
}

}  // namespace emulator
