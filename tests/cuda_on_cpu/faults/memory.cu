// SPDX-License-Identifier: MIT
// Mistakes with addresses: beyond an end, of another kind of memory, or freed.
#include "case.hpp"
#include "extrema/cuda/ptx.cuh"

namespace faults {

using namespace extrema::cuda;

namespace {

enum class Static { right, by_index, by_pointer };

/// The sum of four numbers in static shared memory.
template <class T>
__global__ void static_kernel(const T* x, T* y, Static mistake) {
  __shared__ T four[4];
  if (threadIdx.x < 4) four[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  T sum = 0;
  const int end = mistake == Static::by_index ? 5 : 4;
  for (int i = 0; i < end; ++i) sum += four[i];
  if (mistake == Static::by_pointer) {
    const T* const volatile hidden = four;  // as behind a call: no compiler knows where it points
    const T* const there = hidden;
    for (int i = 4; i < 8; ++i) sum += there[i];
  }
  if (threadIdx.x == 0) *y = sum;
}

bool static_shared(Static mistake) {
  Device device;
  const Values<float> x{counting(4)}, y{{0}};
  start(device, "static", {dim3(1), dim3(32)}, static_kernel<float>, x.data(), y.data(), mistake);
  return near(y.get(device)[0], 10);
}
bool static_shared_overrun(bool broken) {
  return static_shared(broken ? Static::by_index : Static::right);
}
bool static_shared_overrun_by_pointer(bool broken) {
  return static_shared(broken ? Static::by_pointer : Static::right);
}

/// count numbers through dynamic shared memory.
template <class T>
__global__ void dynamic_kernel(const T* x, T* y) {
  T* const all = ptx::dynamic_shared<T>();
  all[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  y[threadIdx.x] = all[blockDim.x - 1 - threadIdx.x];
}

bool dynamic_shared(int count, std::size_t bytes) {
  Device device;
  const Values<float> x{counting(count)}, y{std::vector<float>(static_cast<std::size_t>(count))};
  start(device, "dynamic", {dim3(1), dim3(static_cast<unsigned>(count)), bytes},
        dynamic_kernel<float>, x.data(), y.data());
  return near(y.get(device)[0], count);
}
bool dynamic_shared_too_small(bool broken) {
  return dynamic_shared(64, (broken ? 60 : 64) * sizeof(float));
}

template <class T>
__global__ void doubled_kernel(const T* x, T* y, int count, bool checked) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < count || !checked) y[i] = 2 * x[i < count ? i : 0];
}

/// 40 elements by 64 threads.
bool global_overrun(bool broken) {
  Device device;
  const Values<float> x{counting(40)}, y{std::vector<float>(40)};
  start(device, "doubled", {dim3(1), dim3(64)}, doubled_kernel<float>, x.data(), y.data(), 40,
        !broken);
  return near(y.get(device)[39], 80);
}

/// A loop's end is one too far.
template <class T>
__global__ void tail_kernel(T* y, int count, int end) {
  for (int i = static_cast<int>(threadIdx.x); i < end; i += 32) y[i] = static_cast<T>(count - i);
}

bool tail_overrun(bool broken) {
  Device device;
  const Values<float> y{std::vector<float>(67)};
  start(device, "tail", {dim3(1), dim3(32)}, tail_kernel<float>, y.data(), 67, broken ? 68 : 67);
  return near(y.get(device)[66], 1);
}

/// All threads go through the last elements, which should be one each.
template <class T>
__global__ void updated_kernel(T* y, int count, bool each_its_own) {
  const int first = each_its_own ? static_cast<int>(threadIdx.x) : 0, step = each_its_own ? 32 : 1;
  for (int i = first; i < count; i += step) y[i] = y[i] * T{2} + T{1};
}

bool threads_update_one_element(bool broken) {
  Device device;
  const Values<float> y{counting(3)};
  start(device, "updated", {dim3(1), dim3(32)}, updated_kernel<float>, y.data(), 3, !broken);
  return near(y.get(device)[2], 7);
}

template <class T>
__global__ void fours_kernel(const T* x, T* y, int offset) {
  const float4 four = reinterpret_cast<const float4*>(x + offset)[threadIdx.x];
  y[threadIdx.x] = four.x + four.y + four.z + four.w;
}

bool misaligned_float4(bool broken) {
  Device device;
  const Values<float> x{counting(132)}, y{std::vector<float>(32)};
  start(device, "fours", {dim3(1), dim3(32)}, fours_kernel<float>, x.data(), y.data(),
        broken ? 1 : 0);
  return near(y.get(device)[31], 125 + 126 + 127 + 128);
}

struct Pointers {
  const float* x;
  float* y;
};
template <class T>
__global__ void copy_kernel(T pointers) {
  pointers.y[threadIdx.x] = pointers.x[threadIdx.x];
}
template <class T>
__global__ void plain_copy_kernel(const T* x, T* y) {
  y[threadIdx.x] = x[threadIdx.x];
}

bool host_pointer(bool broken) {
  Device device;
  const auto host = counting(32);
  const Values<float> x{host}, y{host};
  start(device, "copy", {dim3(1), dim3(32)}, plain_copy_kernel<float>,
        broken ? host.data() : x.data(), y.data());
  return near(y.get(device)[31], 32);
}

bool host_pointer_in_struct(bool broken) {
  Device device;
  const auto host = counting(32);
  const Values<float> x{host}, y{host};
  start(device, "copy", {dim3(1), dim3(32)}, copy_kernel<Pointers>,
        Pointers{broken ? host.data() : x.data(), y.data()});
  return near(y.get(device)[31], 32);
}

/// In a struct, where no launch sees that it is a pointer.
bool freed_memory(bool broken) {
  Device device;
  const Values<float> y{counting(32)};
  Values<float> x{counting(32)};
  const Pointers pointers{x.data(), y.data()};
  if (broken) x = Values<float>{counting(32)};
  start(device, "copy", {dim3(1), dim3(32)}, copy_kernel<Pointers>, pointers);
  return near(y.get(device)[31], 32);
}

bool host_reads_device_memory(bool broken) {
  Device device;
  const Values<float> x{counting(32)};
  return near(broken ? x.data()[31] : x.get(device)[31], 32);
}

bool leaked_allocation(bool broken) {
  void* pointer = nullptr;
  cudaMalloc(&pointer, 64);
  if (!broken) cudaFree(pointer);
  return true;
}

}  // namespace

std::vector<Case> of_memory() {
  return {{"static_shared_overrun", static_shared_overrun},
          {"static_shared_overrun_by_pointer", static_shared_overrun_by_pointer},
          {"dynamic_shared_too_small", dynamic_shared_too_small},
          {"global_overrun", global_overrun},
          {"tail_overrun", tail_overrun},
          {"threads_update_one_element", threads_update_one_element},
          {"misaligned_float4", misaligned_float4},
          {"host_pointer", host_pointer},
          {"host_pointer_in_struct", host_pointer_in_struct},
          {"freed_memory", freed_memory},
          {"host_reads_device_memory", host_reads_device_memory},
          {"leaked_allocation", leaked_allocation}};
}

}  // namespace faults
