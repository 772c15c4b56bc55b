// SPDX-License-Identifier: MIT
// Mistakes of the host: launches that no card takes, streams, events and graphs.
#include <cstring>

#include "case.hpp"
#include "extrema/cuda/graph.cuh"
#include "extrema/cuda/ptx.cuh"

namespace faults {

using namespace extrema::cuda;

namespace {

template <class T>
__global__ void fill_kernel(T* y, T value) {
  y[threadIdx.x] = value;
}
template <class T>
__global__ void fill_through_shared_kernel(T* y, int at) {
  T* const all = ptx::dynamic_shared<T>();
  if (threadIdx.x == 0) {
    all[at] = 7;
    *y = all[at];
  }
}

/// 64 KiB of shared memory, which has to be allowed first (cuda::start does).
bool shared_memory_not_allowed(bool broken) {
  Device device;
  const Values<float> y{{0}};
  constexpr int count = 16 << 10;
  if (!broken) {
    start(device, "fill", {dim3(1), dim3(32), count * sizeof(float)},
          fill_through_shared_kernel<float>, y.data(), count - 1);
    return near(y.get(device)[0], 7);
  }
  cudaLaunchConfig_t launch{};
  launch.gridDim = dim3(1);
  launch.blockDim = dim3(32);
  launch.dynamicSmemBytes = count * sizeof(double);
  launch.stream = device.stream();
  check(cudaLaunchKernelEx(&launch, &fill_through_shared_kernel<double>,
                           static_cast<double*>(nullptr), 0),
        "fill");
  return true;
}

bool too_many_threads(bool broken) {
  Device device;
  const Values<float> y{std::vector<float>(2048)};
  start(device, "fill", {dim3(1), dim3(broken ? 2048 : 1024)}, fill_kernel<float>, y.data(), 1.f);
  return near(y.get(device)[1023], 1);
}

/// A stream that copies what another one makes.
class Copier {
 public:
  Copier() { cudaMallocHost(reinterpret_cast<void**>(&host_), sizeof *host_); }
  Copier(const Copier&) = delete;
  ~Copier() { cudaFreeHost(host_); }

  void run(Device& device, const Values<float>& y, bool wait_for_event) {
    *host_ = 0;
    start(device, "fill", {dim3(1), dim3(1)}, fill_kernel<float>, y.data(), 5.f);
    made_.record(device);
    if (wait_for_event) made_.make_wait(queue_);
    cudaMemcpyAsync(host_, y.data(), sizeof *host_, cudaMemcpyDeviceToHost, queue_.get());
  }
  void synchronise() { queue_.synchronise(); }
  float value() const { return *host_; }

 private:
  struct Made {
    cudaEvent_t event = nullptr;
    Made() { cudaEventCreateWithFlags(&event, cudaEventDisableTiming); }
    Made(const Made&) = delete;
    ~Made() { cudaEventDestroy(event); }
    void record(Device& device) { cudaEventRecord(event, device.stream()); }
    void make_wait(Queue& queue) { cudaStreamWaitEvent(queue.get(), event, 0); }
  };
  float* host_ = nullptr;
  Queue queue_;
  Made made_;
};

bool missing_wait_for_event(bool broken) {
  Copier copier;  // its stream is the older one
  Device device;
  const Values<float> y{{1}};
  copier.run(device, y, !broken);
  copier.synchronise();
  const bool good = near(copier.value(), 5);
  device.synchronise();
  return good;
}

bool missing_synchronise(bool broken) {
  Copier copier;
  Device device;
  const Values<float> y{{1}};
  copier.run(device, y, true);
  if (!broken) copier.synchronise();
  return near(copier.value(), 5);
}

/// The second run of a geometry is captured.
template <class Step>
void run_thrice(Device& device, Step step) {
  Graphs graphs;
  for (int i = 0; i < 3; ++i) graphs(device, extrema::Geometry{}, step);
  device.synchronise();
}

bool allocation_in_graph(bool broken) {
  Device device;
  const Values<float> y{{1}};
  run_thrice(device, [&] {
    if (broken) extrema::Buffer<float, Memory>{16};
    start(device, "fill", {dim3(1), dim3(1)}, fill_kernel<float>, y.data(), 5.f);
  });
  return near(y.get(device)[0], 5);
}

bool pageable_copy_in_graph(bool broken) {
  Device device;
  const Values<float> y{{1}};
  extrema::Buffer<float, PinnedMemory> pinned{1};
  const float pageable = *pinned.data() = 5;
  run_thrice(device, [&] {
    cudaMemcpyAsync(y.data(), broken ? &pageable : pinned.data(), sizeof(float),
                    cudaMemcpyHostToDevice, device.stream());
  });
  return near(y.get(device)[0], 5);
}

/// A graph outlives memory whose address it holds.
bool freed_memory_in_graph(bool broken) {
  Device device;
  Values<float> y{{1}};
  Graphs graphs;
  const auto step = [&] {
    start(device, "fill", {dim3(1), dim3(1)}, fill_kernel<float>, y.data(), 5.f);
  };
  for (int i = 0; i < 2; ++i) graphs(device, extrema::Geometry{}, step);
  device.synchronise();
  y = Values<float>{{1}};
  if (!broken) graphs.forget();
  graphs(device, extrema::Geometry{}, step);
  return near(y.get(device)[0], 5);
}

}  // namespace

std::vector<Case> of_host() {
  return {{"shared_memory_not_allowed", shared_memory_not_allowed},
          {"too_many_threads", too_many_threads},
          {"missing_wait_for_event", missing_wait_for_event},
          {"missing_synchronise", missing_synchronise},
          {"allocation_in_graph", allocation_in_graph},
          {"pageable_copy_in_graph", pageable_copy_in_graph},
          {"freed_memory_in_graph", freed_memory_in_graph}};
}

}  // namespace faults
