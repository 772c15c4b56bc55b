// SPDX-License-Identifier: MIT
// Mistakes within a warp.
#include "case.hpp"

namespace faults {

using namespace extrema::cuda;

namespace {

/// Each lane hands its value to another through shared memory, twice.
template <class T>
__global__ void hand_over_kernel(const T* x, T* y, bool before_read, bool before_write) {
  __shared__ T handed[32];
  const unsigned lane = threadIdx.x;
  T sum = 0;
  for (unsigned round = 0; round < 2; ++round) {
    if (before_write) __syncwarp();
    handed[lane] = x[lane] + static_cast<T>(round);
    if (before_read) __syncwarp();
    sum += handed[31 - lane];
  }
  y[lane] = sum;
}

bool hand_over(bool before_read, bool before_write) {
  Device device;
  const Values<float> x{counting(32)}, y{std::vector<float>(32)};
  start(device, "hand_over", {dim3(1), dim3(32)}, hand_over_kernel<float>, x.data(), y.data(),
        before_read, before_write);
  const auto sums = y.get(device);
  for (int lane = 0; lane < 32; ++lane)
    if (!near(sums[static_cast<std::size_t>(lane)], 2 * (32 - lane) + 1)) return false;
  return true;
}
bool missing_syncwarp_before_read(bool broken) { return hand_over(!broken, true); }
bool missing_syncwarp_before_write(bool broken) { return hand_over(true, !broken); }

enum class Shuffles { right, in_branch, beside_barrier };

template <class T>
__global__ void shuffle_kernel(const T* x, T* y, Shuffles shuffles) {
  T value = x[threadIdx.x];
  if (shuffles == Shuffles::in_branch) {
    if (threadIdx.x < 16) value = warp_sum(value);
  } else if (shuffles == Shuffles::beside_barrier && threadIdx.x == 0) {
    __syncthreads();
  } else {
    value = warp_sum(value);
  }
  y[threadIdx.x] = value;
}

bool shuffle(Shuffles shuffles) {
  Device device;
  const Values<float> x{counting(32)}, y{std::vector<float>(32)};
  start(device, "shuffle", {dim3(1), dim3(32)}, shuffle_kernel<float>, x.data(), y.data(),
        shuffles);
  return near(y.get(device)[5], 32 * 33 / 2);
}
bool shuffle_in_branch(bool broken) {
  return shuffle(broken ? Shuffles::in_branch : Shuffles::right);
}
bool shuffle_beside_barrier(bool broken) {
  return shuffle(broken ? Shuffles::beside_barrier : Shuffles::right);
}

/// A loop over 100 elements by 64 threads: in the last turn, lanes 4 to 31 are not there any more.
template <class T>
__global__ void neighbours_kernel(const T* x, T* y, int count, bool all_lanes) {
  const int end = all_lanes ? (count + 31) / 32 * 32 : count;
  for (int i = static_cast<int>(threadIdx.x); i < end; i += 64) {
    const T other = __shfl_xor_sync(0xffffffffu, i < count ? x[i] : T{}, 1);
    if (i < count) y[i] = other;
  }
}

bool shuffle_of_partial_warp(bool broken) {
  Device device;
  const Values<float> x{counting(100)}, y{std::vector<float>(100)};
  start(device, "neighbours", {dim3(1), dim3(64)}, neighbours_kernel<float>, x.data(), y.data(),
        100, !broken);
  return near(y.get(device)[98], 100);
}

/// Blocks add to one number.
template <class T>
__global__ void total_kernel(const T* x, T* total, bool atomic) {
  const T sum = warp_sum(x[blockIdx.x * 32 + threadIdx.x]);
  if (threadIdx.x != 0) return;
  if (atomic) atomicAdd(total, sum);
  else *total += sum;
}

bool blocks_add_without_atomics(bool broken) {
  Device device;
  const Values<float> x{counting(128)}, total{{0}};
  start(device, "total", {dim3(4), dim3(32)}, total_kernel<float>, x.data(), total.data(), !broken);
  return near(total.get(device)[0], 128 * 129 / 2);
}

/// One reads what others add to.
template <class T>
__global__ void read_beside_atomics_kernel(T* sum, T* copy, bool barrier) {
  atomicAdd(sum, T{1});
  if (barrier) __syncthreads();
  if (threadIdx.x == 0) *copy = *sum;
}

bool read_beside_atomics(bool broken) {
  Device device;
  const Values<float> sum{{0}}, copy{{0}};
  start(device, "read_beside_atomics", {dim3(1), dim3(64)}, read_beside_atomics_kernel<float>,
        sum.data(), copy.data(), !broken);
  return near(copy.get(device)[0], 64);
}

}  // namespace

std::vector<Case> of_warps() {
  return {{"missing_syncwarp_before_read", missing_syncwarp_before_read},
          {"missing_syncwarp_before_write", missing_syncwarp_before_write},
          {"shuffle_in_branch", shuffle_in_branch},
          {"shuffle_beside_barrier", shuffle_beside_barrier},
          {"shuffle_of_partial_warp", shuffle_of_partial_warp},
          {"blocks_add_without_atomics", blocks_add_without_atomics},
          {"read_beside_atomics", read_beside_atomics}};
}

}  // namespace faults
