// SPDX-License-Identifier: MIT
// Streams, events, graphs and memory do what CUDA says.
#include <doctest/doctest.h>

#include <vector>

#include "faults/case.hpp"

using faults::Device;
using faults::start;
using faults::Values;

namespace {

template <class T>
__global__ void add_kernel(T* y, const T* amount) {
  *y += *amount;
}

void add(Device& device, const Values<float>& y, const Values<float>& amount) {
  start(device, "add", {dim3(1), dim3(1)}, add_kernel<float>, y.data(), amount.data());
}

struct Pinned {
  float* value = nullptr;
  Pinned() { cudaMallocHost(reinterpret_cast<void**>(&value), sizeof *value); }
  Pinned(const Pinned&) = delete;
  ~Pinned() { cudaFreeHost(value); }
};

}  // namespace

TEST_CASE("work on a stream has its order, and an event orders two streams") {
  Device first, second;
  const Values<float> y{{1}}, three{{3}};
  const Pinned seen;
  cudaEvent_t added = nullptr;
  CHECK(cudaEventCreateWithFlags(&added, cudaEventDisableTiming) == cudaSuccess);
  add(first, y, three);
  add(first, y, three);
  cudaEventRecord(added, first.stream());
  cudaStreamWaitEvent(second.stream(), added, 0);
  cudaMemcpyAsync(seen.value, y.data(), sizeof(float), cudaMemcpyDeviceToHost, second.stream());
  second.synchronise();
  CHECK(*seen.value == 7);
  CHECK(cudaEventQuery(added) == cudaSuccess);
  cudaEventDestroy(added);
}

TEST_CASE("an event can be waited for by the host") {
  Device device;
  const Values<float> y{{1}}, three{{3}};
  const Pinned seen;
  Device::Event event;
  add(device, y, three);
  cudaMemcpyAsync(seen.value, y.data(), sizeof(float), cudaMemcpyDeviceToHost, device.stream());
  event.record(device);
  event.wait();
  CHECK(*seen.value == 4);
}

TEST_CASE("a replayed graph reads memory as it is then") {
  Device device;
  const Values<float> y{{0}}, amount{{1}};
  const Pinned source;
  extrema::cuda::Graphs graphs;
  for (int i = 1; i <= 4; ++i) {  // eager, captured, replayed
    *source.value = static_cast<float>(i);
    graphs(device, extrema::Geometry{}, [&] {
      cudaMemcpyAsync(amount.data(), source.value, sizeof(float), cudaMemcpyHostToDevice,
                      device.stream());
      add(device, y, amount);
    });
    device.synchronise();
  }
  CHECK(y.get(device)[0] == 10);
}

TEST_CASE("what is captured does not run before it is launched") {
  Device device;
  const Values<float> y{{0}}, one{{1}};
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t executable = nullptr;
  cudaStreamBeginCapture(device.stream(), cudaStreamCaptureModeThreadLocal);
  add(device, y, one);
  cudaStreamCaptureStatus status{};
  cudaStreamIsCapturing(device.stream(), &status);
  CHECK(status == cudaStreamCaptureStatusActive);
  CHECK(cudaStreamEndCapture(device.stream(), &graph) == cudaSuccess);
  CHECK(cudaGraphInstantiate(&executable, graph, 0) == cudaSuccess);
  CHECK(y.get(device)[0] == 0);
  for (int i = 0; i < 3; ++i) CHECK(cudaGraphLaunch(executable, device.stream()) == cudaSuccess);
  CHECK(y.get(device)[0] == 3);
  cudaGraphExecDestroy(executable);
  cudaGraphDestroy(graph);
}

TEST_CASE("a function of the host runs in its place") {
  Device device;
  const Values<float> y{{1}}, three{{3}};
  const Pinned seen;
  add(device, y, three);
  cudaMemcpyAsync(seen.value, y.data(), sizeof(float), cudaMemcpyDeviceToHost, device.stream());
  cudaLaunchHostFunc(
      device.stream(), [](void* value) { *static_cast<float*>(value) *= 10; }, seen.value);
  device.synchronise();
  CHECK(*seen.value == 40);
}

TEST_CASE("memory is set, counted and refused") {
  Device device;
  std::size_t before = 0, after = 0, total = 0;
  cudaMemGetInfo(&before, &total);
  {
    const Values<int> y{std::vector<int>(1 << 20)};
    cudaMemsetAsync(y.data(), 1, 4, device.stream());
    CHECK(y.get(device)[0] == 0x01010101);
    CHECK(y.get(device)[1] == 0);
    cudaMemGetInfo(&after, &total);
    CHECK(after + (1 << 22) <= before);
  }
  void* pointer = nullptr;
  CHECK(cudaMalloc(&pointer, std::size_t{1} << 50) == cudaErrorMemoryAllocation);
  CHECK(cudaGetLastError() == cudaErrorMemoryAllocation);
  CHECK(cudaGetLastError() == cudaSuccess);
  CHECK_THROWS_WITH_AS(extrema::cuda::Memory::allocate(std::size_t{1} << 50),
                       doctest::Contains("out of GPU memory: asked for 1073741824 MiB"),
                       extrema::Error);
}

TEST_CASE("a device has attributes") {
  int value = 0;
  CHECK(cudaGetDeviceCount(&value) == cudaSuccess);
  CHECK(value >= 1);
  CHECK(cudaDeviceGetAttribute(&value, cudaDevAttrWarpSize, 0) == cudaSuccess);
  CHECK(value == 32);
  CHECK(cudaDeviceGetAttribute(&value, cudaDevAttrMultiProcessorCount, 0) == cudaSuccess);
  CHECK(value > 0);
  CHECK(cudaSetDevice(1000) == cudaErrorInvalidDevice);
  CHECK(cudaGetLastError() == cudaErrorInvalidDevice);
}
