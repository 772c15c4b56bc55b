// SPDX-License-Identifier: MIT
// cudaMalloc and its like, and copies, whose pointers have to be what they are said to be.
#include "../memory.hpp"

#include <cuda_runtime_api.h>

#include <cstring>
#include <memory>
#include <mutex>
#include <vector>

#include "../failure.hpp"
#include "../queues.hpp"
#include "../settings.hpp"

namespace emulator {

static bool is_device(const void* pointer) {
  return in_device_range(reinterpret_cast<std::uintptr_t>(pointer));
}

static void check_host_range(const void* pointer, std::size_t bytes, const char* what) {
  if (is_device(pointer))
    fail(std::string{what} + ": expected host memory, found a device pointer");
  const Where where = find(pointer);
  if (where.kind == MemoryKind::pinned && bytes > where.left)
    fail(std::string{what} + ": the copy ends behind the pinned memory");
}

namespace {

struct Transfer {
  void* to;
  const void* from;
  std::size_t bytes;
  bool to_device, from_device;

  void check() const {
    if (from_device) check_device_range(from, bytes, "cudaMemcpy, source");
    else check_host_range(from, bytes, "cudaMemcpy, source");
    if (to_device) check_device_range(to, bytes, "cudaMemcpy, destination");
    else check_host_range(to, bytes, "cudaMemcpy, destination");
  }
  bool from_pageable() const { return !from_device && find(from).kind != MemoryKind::pinned; }
  bool to_pageable() const { return !to_device && find(to).kind != MemoryKind::pinned; }

  bool operator()() const {
    const DeviceAccess open;
    check();  // again: it may have been freed meanwhile
    std::memcpy(to, from, bytes);
    return true;
  }
};

Transfer transfer(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
  if (kind == cudaMemcpyDefault) return {to, from, bytes, is_device(to), is_device(from)};
  return {to, from, bytes, kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice,
          kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice};
}

/// The driver stages pageable memory before it returns, and returns from a copy to pageable memory
/// when that is done.
void copy_async(const Transfer& copy, cudaStream_t stream) {
  copy.check();
  if (is_capturing(stream) && (copy.from_pageable() || copy.to_pageable()))
    fail("a copy of pageable host memory is captured in a graph");
  if (copy.from_pageable() && copy.to_device) {
    const auto* bytes = static_cast<const char*>(copy.from);
    const auto staged = std::make_shared<const std::vector<char>>(bytes, bytes + copy.bytes);
    return enqueue(stream, "copy", [copy, staged] {
      const DeviceAccess open;
      check_device_range(copy.to, copy.bytes, "cudaMemcpy, destination");
      std::memcpy(copy.to, staged->data(), copy.bytes);
      return true;
    });
  }
  enqueue(stream, "copy", copy);
  if (copy.to_pageable() && copy.from_device) drain(stream);
}

}  // namespace

}  // namespace emulator

using namespace emulator;

extern "C" {

cudaError_t cudaMalloc(void** pointer, size_t bytes) {
  const std::lock_guard lock{emulator_mutex()};
  if (this_thread_captures()) return result(cudaErrorStreamCaptureUnsupported);
  *pointer = bytes > 0 ? allocate_device(bytes, current_device()) : nullptr;
  return result(bytes > 0 && !*pointer ? cudaErrorMemoryAllocation : cudaSuccess);
}
cudaError_t cudaFree(void* pointer) {
  if (!pointer) return cudaSuccess;
  if (this_thread_captures()) return result(cudaErrorStreamCaptureUnsupported);
  drain(nullptr);
  const std::lock_guard lock{emulator_mutex()};
  return result(free_device(pointer) ? cudaSuccess : cudaErrorInvalidValue);
}
cudaError_t cudaMallocAsync(void** pointer, size_t bytes, cudaStream_t stream) {
  if (is_capturing(stream)) fail("cudaMallocAsync in a captured graph is not emulated");
  return cudaMalloc(pointer, bytes);
}
cudaError_t cudaFreeAsync(void* pointer, cudaStream_t stream) {
  if (!pointer) return cudaSuccess;
  enqueue(stream, "free", [pointer] {
    if (!free_device(pointer)) fail("cudaFreeAsync of memory that is not allocated");
    return true;
  });
  return cudaSuccess;
}
cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  const std::lock_guard lock{emulator_mutex()};
  *free = free_bytes();
  *total = settings().memory;
  return cudaSuccess;
}

cudaError_t cudaMallocHost(void** pointer, size_t bytes) {
  const std::lock_guard lock{emulator_mutex()};
  if (this_thread_captures()) return result(cudaErrorStreamCaptureUnsupported);
  *pointer = allocate_pinned(bytes);
  return result(*pointer ? cudaSuccess : cudaErrorMemoryAllocation);
}
cudaError_t cudaHostAlloc(void** pointer, size_t bytes, unsigned) {
  return cudaMallocHost(pointer, bytes);
}
cudaError_t cudaFreeHost(void* pointer) {
  if (!pointer) return cudaSuccess;
  if (this_thread_captures()) return result(cudaErrorStreamCaptureUnsupported);
  drain(nullptr);
  const std::lock_guard lock{emulator_mutex()};
  return result(free_pinned(pointer) ? cudaSuccess : cudaErrorInvalidValue);
}

cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
  if (bytes == 0) return cudaSuccess;
  const std::lock_guard lock{emulator_mutex()};
  if (this_thread_captures()) return result(cudaErrorStreamCaptureUnsupported);
  const Transfer copy = transfer(to, from, bytes, kind);
  copy.check();
  drain(nullptr);
  copy();
  return cudaSuccess;
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  if (bytes == 0) return cudaSuccess;
  const std::lock_guard lock{emulator_mutex()};
  copy_async(transfer(to, from, bytes, kind), stream);
  return cudaSuccess;
}
cudaError_t cudaMemsetAsync(void* pointer, int value, size_t bytes, cudaStream_t stream) {
  if (bytes == 0) return cudaSuccess;
  const std::lock_guard lock{emulator_mutex()};
  check_device_range(pointer, bytes, "cudaMemset");
  enqueue(stream, "memset", [=] {
    const DeviceAccess open;
    check_device_range(pointer, bytes, "cudaMemset");
    std::memset(pointer, value, bytes);
    return true;
  });
  return cudaSuccess;
}
cudaError_t cudaMemset(void* pointer, int value, size_t bytes) {
  return cudaMemsetAsync(pointer, value, bytes, nullptr);
}

}  // extern "C"
