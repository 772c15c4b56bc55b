// SPDX-License-Identifier: MIT
// What CUDA says of warps, blocks and arithmetic, which the emulator has to do as a card does.
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "faults/case.hpp"

using faults::Device;
using faults::start;
using faults::Values;

namespace {

constexpr unsigned all_lanes = 0xffffffffu;

template <class T>
struct Shuffles {
  T xor_5, down_3, up_2, from_7, xor_4_of_8, down_1_of_8, up_1_of_8, from_9_of_8;
};

template <class T>
__global__ void shuffles_kernel(Shuffles<T>* results) {
  const T mine = static_cast<T>(static_cast<int>(threadIdx.x));
  Shuffles<T>& r = results[threadIdx.x];
  r.xor_5 = __shfl_xor_sync(all_lanes, mine, 5);
  r.down_3 = __shfl_down_sync(all_lanes, mine, 3);
  r.up_2 = __shfl_up_sync(all_lanes, mine, 2);
  r.from_7 = __shfl_sync(all_lanes, mine, 7);
  r.xor_4_of_8 = __shfl_xor_sync(all_lanes, mine, 4, 8);
  r.down_1_of_8 = __shfl_down_sync(all_lanes, mine, 1, 8);
  r.up_1_of_8 = __shfl_up_sync(all_lanes, mine, 1, 8);
  r.from_9_of_8 = __shfl_sync(all_lanes, mine, 9, 8);
}

template <class T>
void check_shuffles() {
  Device device;
  const Values<Shuffles<T>> results{std::vector<Shuffles<T>>(32)};
  start(device, "shuffles", {dim3(1), dim3(32)}, shuffles_kernel<T>, results.data());
  const auto found = results.get(device);
  for (int lane = 0; lane < 32; ++lane) {
    const Shuffles<T>& r = found[static_cast<std::size_t>(lane)];
    const auto is = [](T value, int expected) { return value == static_cast<T>(expected); };
    CHECK(is(r.xor_5, lane ^ 5));
    CHECK(is(r.down_3, lane + 3 < 32 ? lane + 3 : lane));
    CHECK(is(r.up_2, lane < 2 ? lane : lane - 2));
    CHECK(is(r.from_7, 7));
    CHECK(is(r.xor_4_of_8, lane ^ 4));
    CHECK(is(r.down_1_of_8, lane % 8 == 7 ? lane : lane + 1));
    CHECK(is(r.up_1_of_8, lane % 8 == 0 ? lane : lane - 1));
    CHECK(is(r.from_9_of_8, lane / 8 * 8 + 1));
  }
}

struct Votes {
  unsigned ballot;
  int any, all, sum, most, count, block_any, block_all;
};

template <class T>
__global__ void votes_kernel(T* results) {
  const int i = static_cast<int>(threadIdx.x);
  T& r = results[i];
  r.ballot = __ballot_sync(all_lanes, i % 3 == 0);
  r.any = __any_sync(all_lanes, i == 40);
  r.all = __all_sync(all_lanes, i < 32);
  r.sum = __reduce_add_sync(all_lanes, i);
  r.most = __reduce_max_sync(all_lanes, i);
  r.count = __syncthreads_count(i % 5 == 0);
  r.block_any = __syncthreads_or(i == 63);
  r.block_all = __syncthreads_and(i != 63);
}

template <class T>
__global__ void atomics_kernel(T* sum, int* count, int* most) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  atomicAdd(sum, static_cast<T>(i));
  atomicAdd(count, 1);
  atomicMax(most, i);
}

template <class T>
void check_atomics() {
  Device device;
  const Values<T> sum{{T{0}}};
  const Values<int> count{{0}}, most{{-5}};
  start(device, "atomics", {dim3(3), dim3(64)}, atomics_kernel<T>, sum.data(), count.data(),
        most.data());
  CHECK(sum.get(device)[0] == static_cast<T>(192 * 191 / 2));
  CHECK(count.get(device)[0] == 192);
  CHECK(most.get(device)[0] == 191);
}

/// Threads and blocks in three dimensions, each of which writes its place.
template <class T>
__global__ void places_kernel(T* places) {
  const auto threads = blockDim.x * blockDim.y * blockDim.z;
  const auto block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
  const auto thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
  places[block * threads + thread] = static_cast<T>(block * threads + thread + 1);
}

template <class T>
__global__ void functions_kernel(const T* x, T* y) {
  const T v = *x;
  y[0] = erff(v);
  y[1] = expf(v);
  y[2] = rsqrtf(v);
  y[3] = __expf(v);
  y[4] = __logf(v);
  y[5] = tanhf(v);
  y[6] = fmaxf(v, 2.f);
  y[7] = __fdividef(v, 3.f);
  y[8] = __bfloat162float(__float2bfloat16(v));
  y[9] = __half2float(__float2half(v));
  y[10] = static_cast<T>(__popc(0xf0f0u) + __clz(1) + static_cast<int>(__umulhi(1u << 31, 4u)));
  y[11] = normcdff(v);
}

}  // namespace

TEST_CASE("shuffles move values of 4 and 8 bytes between lanes, in segments too") {
  check_shuffles<float>();
  check_shuffles<double>();
  check_shuffles<int>();
  check_shuffles<long long>();
}

TEST_CASE("votes and reductions of warps and blocks") {
  Device device;
  const Values<Votes> results{std::vector<Votes>(64)};
  start(device, "votes", {dim3(1), dim3(64)}, votes_kernel<Votes>, results.data());
  const auto found = results.get(device);
  unsigned ballots[2] = {};
  for (unsigned i = 0; i < 64; ++i)
    if (i % 3 == 0) ballots[i / 32] |= 1u << i % 32;
  for (std::size_t i = 0; i < 64; ++i) {
    const bool second = i >= 32;
    CHECK(found[i].ballot == ballots[i / 32]);
    CHECK(found[i].any == second);
    CHECK(found[i].all == !second);
    CHECK(found[i].sum == 31 * 32 / 2 + (second ? 32 * 32 : 0));
    CHECK(found[i].most == (second ? 63 : 31));
    CHECK(found[i].count == 13);
    CHECK(found[i].block_any != 0);
    CHECK(found[i].block_all == 0);
  }
}

TEST_CASE("atomic operations of all blocks add up") {
  check_atomics<float>();
  check_atomics<double>();
  check_atomics<int>();
}

TEST_CASE("every thread of every block runs once") {
  Device device;
  const Values<int> places{std::vector<int>(2 * 3 * 2 * 64)};
  start(device, "places", {dim3(2, 3, 2), dim3(8, 4, 2)}, places_kernel<int>, places.data());
  const auto found = places.get(device);
  for (std::size_t i = 0; i < found.size(); ++i) CHECK(found[i] == static_cast<int>(i) + 1);
}

TEST_CASE("functions of kernels") {
  Device device;
  constexpr double v = 0.7;
  const Values<float> x{{static_cast<float>(v)}}, y{std::vector<float>(12)};
  start(device, "functions", {dim3(1), dim3(1)}, functions_kernel<float>, x.data(), y.data());
  const auto found = y.get(device);
  const double expected[] = {std::erf(v),
                             std::exp(v),
                             1 / std::sqrt(v),
                             std::exp(v),
                             std::log(v),
                             std::tanh(v),
                             2,
                             v / 3,
                             0.69921875,
                             0.7001953125,
                             8 + 31 + 2,
                             0.5 * std::erfc(-v / std::sqrt(2.0))};
  for (std::size_t i = 0; i < found.size(); ++i) {
    CAPTURE(i);
    CHECK(found[i] == doctest::Approx(expected[i]).epsilon(1e-6));
  }
}
