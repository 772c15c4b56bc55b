// SPDX-License-Identifier: MIT
// Mistakes with the barriers of a block.
#include "case.hpp"
#include "extrema/cuda/ptx.cuh"

namespace faults {

using namespace extrema::cuda;

namespace {

constexpr int threads = 64, warps = threads / 32;

/// Which of a block sum's two barriers is there.
struct Barriers {
  bool before = true, after = true;
};

__device__ float sum_of_block(float value, Barriers barriers) {
  __shared__ float of_warp[warps];
  value = warp_sum(value);
  if (barriers.before) __syncthreads();  // what an earlier call wrote has been read
  if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = value;
  if (barriers.after) __syncthreads();
  return of_warp[0] + of_warp[1];
}

template <class T>
__global__ void two_sums_kernel(const T* x, T* y, Barriers barriers) {
  const T value = x[threadIdx.x], first = sum_of_block(value, barriers);
  y[threadIdx.x] = first + sum_of_block(value * value, barriers);
}

bool two_sums(Barriers barriers) {
  Device device;
  const Values<float> x{counting(threads)}, y{std::vector<float>(threads)};
  start(device, "two_sums", {dim3(1), dim3(threads)}, two_sums_kernel<float>, x.data(), y.data(),
        barriers);
  for (const float sum : y.get(device))
    if (!near(sum, 64 * 65 / 2 + 64 * 65 * 129 / 6)) return false;
  return true;
}
bool missing_barrier_before_read(bool broken) { return two_sums({true, !broken}); }
bool missing_barrier_before_write(bool broken) { return two_sums({!broken, true}); }

enum class Tree { right, no_barrier, barrier_in_branch };

/// The sum over 8 rows of 32 columns, halving the rows.
template <class T>
__global__ void tree_kernel(const T* x, T* y, Tree tree) {
  __shared__ T tile[8][33];
  const unsigned row = threadIdx.y, col = threadIdx.x;
  tile[row][col] = x[row * 32 + col];
  __syncthreads();
  for (unsigned half = 4; half > 0; half /= 2) {
    if (row < half) {
      tile[row][col] += tile[row + half][col];
      if (tree == Tree::barrier_in_branch) __syncthreads();
    }
    if (tree == Tree::right) __syncthreads();
  }
  if (row == 0) y[col] = tile[0][col];
}

bool tree_sum(Tree tree) {
  Device device;
  const Values<float> x{counting(8 * 32)}, y{std::vector<float>(32)};
  start(device, "tree", {dim3(1), dim3(32, 8)}, tree_kernel<float>, x.data(), y.data(), tree);
  const auto sums = y.get(device);
  for (int col = 0; col < 32; ++col)
    if (!near(sums[static_cast<std::size_t>(col)], 8 * (col + 1) + 32 * 28)) return false;
  return true;
}
bool missing_barrier_in_tree(bool broken) {
  return tree_sum(broken ? Tree::no_barrier : Tree::right);
}
bool barrier_in_branch(bool broken) {
  return tree_sum(broken ? Tree::barrier_in_branch : Tree::right);
}

/// All threads load a row into dynamic shared memory, which all then read.
template <class T>
__global__ void reversed_kernel(const T* x, T* y, int count, bool barrier) {
  T* const row = ptx::dynamic_shared<T>();
  for (int i = static_cast<int>(threadIdx.x); i < count; i += threads) row[i] = x[i];
  if (barrier) __syncthreads();
  for (int i = static_cast<int>(threadIdx.x); i < count; i += threads) y[i] = row[count - 1 - i];
}

bool missing_barrier_after_load(bool broken) {
  Device device;
  constexpr int count = 150;
  const Values<float> x{counting(count)}, y{std::vector<float>(count)};
  start(device, "reversed", {dim3(1), dim3(threads), count * sizeof(float)}, reversed_kernel<float>,
        x.data(), y.data(), count, !broken);
  const auto found = y.get(device);
  for (int i = 0; i < count; ++i)
    if (!near(found[static_cast<std::size_t>(i)], count - i)) return false;
  return true;
}

/// 40 elements by 64 threads; those without one may not leave before the barrier.
template <class T>
__global__ void with_exit_kernel(const T* x, T* y, bool leave) {
  __shared__ T all[threads];
  const unsigned i = threadIdx.x;
  if (i >= 40 && leave) return;
  all[i] = i < 40 ? x[i] : 0;
  __syncthreads();
  if (i < 40) y[i] = all[39 - i];
}

bool exit_before_barrier(bool broken) {
  Device device;
  const Values<float> x{counting(40)}, y{std::vector<float>(40)};
  start(device, "with_exit", {dim3(1), dim3(threads)}, with_exit_kernel<float>, x.data(), y.data(),
        broken);
  return near(y.get(device)[0], 40);
}

/// Copies of structs are accesses too.
struct Four {
  float a, b, c, d;
};
template <class T>
__global__ void structs_kernel(const T* x, T* y, bool barrier) {
  __shared__ T all[threads];
  all[threadIdx.x] = x[threadIdx.x];
  if (barrier) __syncthreads();
  y[threadIdx.x] = all[threads - 1 - threadIdx.x];
}

bool missing_barrier_between_structs(bool broken) {
  Device device;
  const Values<Four> x{std::vector<Four>(threads, Four{1, 2, 3, 4})}, y{std::vector<Four>(threads)};
  start(device, "structs", {dim3(1), dim3(threads)}, structs_kernel<Four>, x.data(), y.data(),
        !broken);
  for (const Four& four : y.get(device))
    if (four.a != 1 || four.d != 4) return false;
  return true;
}

}  // namespace

std::vector<Case> of_barriers() {
  return {{"missing_barrier_before_read", missing_barrier_before_read},
          {"missing_barrier_before_write", missing_barrier_before_write},
          {"missing_barrier_in_tree", missing_barrier_in_tree},
          {"missing_barrier_after_load", missing_barrier_after_load},
          {"missing_barrier_between_structs", missing_barrier_between_structs},
          {"barrier_in_branch", barrier_in_branch},
          {"exit_before_barrier", exit_before_barrier}};
}

}  // namespace faults
