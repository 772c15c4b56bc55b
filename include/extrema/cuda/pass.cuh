// SPDX-License-Identifier: MIT
// A pass over flat memory, element by element, at the memory's rate.
#pragma once

#include "extrema/core/round_up.hpp"
#include "extrema/cuda/launch.cuh"
#include "extrema/cuda/numbers.cuh"

namespace extrema::cuda {

inline constexpr int pass_threads = 256;

/// A pass is a struct of device pointers: read<n>(at) gives what it needs of the elements at, ...,
/// at + n - 1; write<n>(at, in) does what becomes of them; at_once packs are read by a thread
/// before it writes. Neighbouring threads take neighbouring packs of 16 bytes, and `at_once` of
/// them are on their way for each thread: about 32 bytes a thread and 1500 threads keep the memory
/// busy. What fills no pack is done one by one, by the first threads.
template <int n, class Pass>
__global__ void __launch_bounds__(pass_threads) pass_over(const Pass pass, const Index count) {
  const Index packs = count / n,
              first = Index{blockIdx.x} * (Pass::at_once * pass_threads) + threadIdx.x;
  decltype(pass.template read<n>(0)) in[Pass::at_once] = {};
#pragma unroll
  for (int i = 0; i < Pass::at_once; ++i)
    if (const Index at = first + i * pass_threads; at < packs)
      in[i] = pass.template read<n>(at * n);
#pragma unroll
  for (int i = 0; i < Pass::at_once; ++i)
    if (const Index at = first + i * pass_threads; at < packs)
      pass.template write<n>(at * n, in[i]);
  if constexpr (n > 1)
    if (const Index rest = packs * n + first; rest < count)
      pass.template write<1>(rest, pass.template read<1>(rest));
}

/// In packs of n where `packed`, else one by one.
template <int n, class Device, class Pass>
void run_pass(Device& device, const char* what, const Pass& pass, Index count, bool packed) {
  const auto shape = [&](int size) {
    return one_each(divide_up(count, size * Pass::at_once), pass_threads);
  };
  if (packed) start(device, what, shape(n), pass_over<n, Pass>, pass, count);
  else start(device, what, shape(1), pass_over<1, Pass>, pass, count);
}

}  // namespace extrema::cuda
