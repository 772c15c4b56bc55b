// SPDX-License-Identifier: MIT
// Random orders on the card: each patch counts those that stand before it.
//
// N^2 comparisons an order, from shared memory: 100 million for 512 images, 5 views of their own
// and 196 patches, some 20 us. (A sort would compare less and move more; and Thrust's headers
// double the time that a unit takes to compile.)
#pragma once

#include <cstdint>

#include "extrema/core/random.hpp"
#include "extrema/cuda/device.cuh"
#include "extrema/cuda/launch.cuh"
#include "extrema/cuda/ptx.cuh"
#include "extrema/ops/random_views.hpp"

namespace extrema::cuda {
namespace detail {

/// A block an order: image blockIdx.x, and without `one_order` view blockIdx.y. Keys and ties are
/// those of mask::RandomOrder.
template <int threads>
__global__ void __launch_bounds__(threads) random_views_kernel(const ops::RandomViews op) {
  std::uint32_t* const keys = ptx::dynamic_shared<std::uint32_t>();  // (N)
  const Index b = blockIdx.x;
  const int order = static_cast<int>(blockIdx.y), thread = static_cast<int>(threadIdx.x);
  const random::Stream stream{op.seed, random::Purpose::mask, op.epoch, op.sample[b]};
  for (int i = thread; i < op.patches; i += threads)
    keys[i] = stream.bits_after(static_cast<std::uint32_t>(order * op.patches + i));
  __syncthreads();
  for (int i = thread; i < op.patches; i += threads) {
    const std::uint32_t key = keys[i];
    int rank = 0;
    for (int j = 0; j < op.patches; ++j) rank += keys[j] < key || (keys[j] == key && j < i);
    const int view = op.one_order ? rank / op.keep : order,
              place = op.one_order ? rank % op.keep : rank;
    if (view < op.views && place < op.keep) op.patch[(view * op.images + b) * op.keep + place] = i;
  }
}

}  // namespace detail

template <class F, class P>
void launch(BasicDevice<F, P>& device, const ops::RandomViews& op) {
  constexpr int threads = 128;
  if (op.keep == 0) return;
  start(
      device, op.name,
      {dim3(static_cast<unsigned>(op.images), op.one_order ? 1u : static_cast<unsigned>(op.views)),
       dim3(threads), static_cast<std::size_t>(op.patches) * sizeof(std::uint32_t)},
      detail::random_views_kernel<threads>, op);
}

}  // namespace extrema::cuda
