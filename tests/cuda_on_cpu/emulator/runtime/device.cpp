// SPDX-License-Identifier: MIT
// The devices and what they can, errors, and what a launch is refused for.
#include <cuda_runtime_api.h>

#include <cstring>
#include <map>
#include <mutex>

#include "../failure.hpp"
#include "../memory.hpp"
#include "../queues.hpp"
#include "../settings.hpp"
#include "../typed_launch.hpp"

namespace emulator {

/// The dynamic shared memory that a kernel was allowed beyond the usual.
static std::map<const void*, std::size_t>& shared_limits() {
  static std::map<const void*, std::size_t> limits;
  return limits;
}

cudaError_t check_launch(const cudaLaunchConfig_t& c, const void* kernel) {
  const std::lock_guard lock{emulator_mutex()};
  const Extent grid{c.gridDim.x, c.gridDim.y, c.gridDim.z},
      block{c.blockDim.x, c.blockDim.y, c.blockDim.z};
  const bool is_extent = grid.size() > 0 && block.size() > 0 && block.size() <= 1024 &&
                         block.z <= 64 && grid.y <= 65535 && grid.z <= 65535 &&
                         grid.x <= 0x7fffffff;
  if (!is_extent) return result(cudaErrorInvalidConfiguration);
  const auto found = shared_limits().find(kernel);
  const std::size_t limit = found == shared_limits().end() ? usual_shared : found->second;
  return result(c.dynamicSmemBytes <= limit ? cudaSuccess : cudaErrorInvalidValue);
}

void enqueue_kernel(cudaStream_t stream, Launch launch) {
  enqueue(stream, "kernel", [launch = std::move(launch)] {
    const DeviceAccess open;
    if (launch.padding_is_clear) check_words(launch.arguments.get(), launch.argument_bytes);
    run_grid(launch);
    return true;
  });
}

void check_argument(const void* pointer) {
  const std::lock_guard lock{emulator_mutex()};
  if (pointer && !in_device_range(reinterpret_cast<std::uintptr_t>(pointer)))
    fail("a kernel's argument points to host memory");
}

static cudaError_t state_of_driver() {
  if (!settings().driver) return cudaErrorInsufficientDriver;
  return settings().devices == 0 ? cudaErrorNoDevice : cudaSuccess;
}

static bool is_device(int number) { return number >= 0 && number < settings().devices; }

}  // namespace emulator

using namespace emulator;

extern "C" {

cudaError_t cudaGetDeviceCount(int* count) {
  *count = state_of_driver() == cudaSuccess ? settings().devices : 0;
  return result(state_of_driver());
}
cudaError_t cudaSetDevice(int device) {
  if (state_of_driver() != cudaSuccess) return result(state_of_driver());
  if (!is_device(device)) return result(cudaErrorInvalidDevice);
  current_device() = device;
  return cudaSuccess;
}
cudaError_t cudaGetDevice(int* device) {
  *device = current_device();
  return result(state_of_driver());
}
cudaError_t cudaDeviceSynchronize() {
  if (this_thread_captures()) return result(cudaErrorStreamCaptureUnsupported);
  drain(nullptr);
  return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
  if (!is_device(device)) return result(cudaErrorInvalidDevice);
  switch (attribute) {
    case cudaDevAttrMultiProcessorCount:
      *value = 4;
      break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
      *value = most_shared;
      break;
    case cudaDevAttrMaxSharedMemoryPerBlock:
      *value = usual_shared;
      break;
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor:
      *value = 228 << 10;
      break;
    case cudaDevAttrComputeCapabilityMajor:
      *value = settings().capability / 10;
      break;
    case cudaDevAttrComputeCapabilityMinor:
      *value = settings().capability % 10;
      break;
    case cudaDevAttrWarpSize:
      *value = 32;
      break;
    case cudaDevAttrMaxThreadsPerBlock:
      *value = 1024;
      break;
    case cudaDevAttrMaxThreadsPerMultiProcessor:
      *value = 2048;
      break;
    case cudaDevAttrL2CacheSize:
      *value = 50 << 20;
      break;
    case cudaDevAttrClockRate:
      *value = 1'000'000;
      break;  // kHz
    default:
      return result(cudaErrorNotSupported);
  }
  return cudaSuccess;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  if (!is_device(device)) return result(cudaErrorInvalidDevice);
  *properties = {};
  std::strcpy(properties->name, "emulated on the CPU");
  properties->major = settings().capability / 10;
  properties->minor = settings().capability % 10;
  properties->warpSize = 32;
  properties->multiProcessorCount = 4;
  properties->maxThreadsPerBlock = 1024;
  properties->totalGlobalMem = settings().memory;
  properties->sharedMemPerBlock = usual_shared;
  properties->sharedMemPerBlockOptin = most_shared;
  return cudaSuccess;
}
cudaError_t cudaDriverGetVersion(int* version) {
  *version = settings().driver ? CUDART_VERSION : 0;
  return cudaSuccess;
}
cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}

cudaError_t cudaGetLastError() {
  const cudaError_t error = last_error();
  last_error() = cudaSuccess;
  return error;
}
cudaError_t cudaPeekAtLastError() { return last_error(); }
const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "cudaSuccess";
    case cudaErrorInvalidValue:
      return "cudaErrorInvalidValue";
    case cudaErrorMemoryAllocation:
      return "cudaErrorMemoryAllocation";
    case cudaErrorInvalidConfiguration:
      return "cudaErrorInvalidConfiguration";
    case cudaErrorInsufficientDriver:
      return "cudaErrorInsufficientDriver";
    case cudaErrorNoDevice:
      return "cudaErrorNoDevice";
    case cudaErrorInvalidDevice:
      return "cudaErrorInvalidDevice";
    case cudaErrorNotReady:
      return "cudaErrorNotReady";
    case cudaErrorNotSupported:
      return "cudaErrorNotSupported";
    case cudaErrorStreamCaptureUnsupported:
      return "cudaErrorStreamCaptureUnsupported";
    case cudaErrorStreamCaptureInvalidated:
      return "cudaErrorStreamCaptureInvalidated";
    case cudaErrorCapturedEvent:
      return "cudaErrorCapturedEvent";
    case cudaErrorStreamCaptureIsolation:
      return "cudaErrorStreamCaptureIsolation";
    default:
      return "an error that the emulator has no name for";
  }
}
const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "no error";
    case cudaErrorMemoryAllocation:
      return "out of memory";
    case cudaErrorInvalidValue:
      return "invalid argument";
    case cudaErrorInvalidConfiguration:
      return "invalid configuration argument";
    case cudaErrorNoDevice:
      return "no CUDA-capable device is detected";
    default:
      return "an error of the emulated CUDA runtime";
  }
}

cudaError_t cudaFuncSetAttribute(const void* kernel, cudaFuncAttribute attribute, int value) {
  const std::lock_guard lock{emulator_mutex()};
  if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize) return cudaSuccess;
  if (value < 0 || static_cast<std::size_t>(value) > most_shared)
    return result(cudaErrorInvalidValue);
  shared_limits()[kernel] = static_cast<std::size_t>(value);
  return cudaSuccess;
}

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void*) {
  *attributes = {};
  attributes->maxThreadsPerBlock = 1024;
  attributes->binaryVersion = attributes->ptxVersion = settings().capability;
  return cudaSuccess;
}

cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_t*, const void*, void**) {
  fail("a kernel was started in another way than by cudaLaunchKernelEx with its arguments");
}

}  // extern "C"
