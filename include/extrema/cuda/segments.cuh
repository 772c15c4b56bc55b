// SPDX-License-Identifier: MIT
// How the optimisers go through a store that is divided in segments: the numbers of each segment
// are worked out once, by a thread for each; then one pass over the store looks them up.
#pragma once

#include "extrema/cuda/device.cuh"
#include "extrema/cuda/pass.cuh"
#include "extrema/ops/segment.hpp"

namespace extrema::cuda {

namespace detail {

/// The first segment that ends behind element `at`, by halving. The table lies in the first cache,
/// and a warp asks for one place of it.
template <class Rates>
__device__ Index segment_of(const Rates* segments, Index count, Index at) {
  Index first = 0;
  while (count > 0) {
    const Index half = count / 2;
    if (segments[first + half].end > at) {
      count = half;
    } else {
      first += half + 1;
      count -= half + 1;
    }
  }
  return first;
}

/// What a pass does with n elements: pass.update<n>(at, in, rates) where one segment holds them
/// all, else one by one. Elements of no segment, or of one that is not trained, are left alone.
template <int n, class Pass, class In, class Rates>
__device__ void update_by_segment(const Pass& pass, Index at, const In& in, const Rates* segments,
                                  Index count) {
  Index s = segment_of(segments, count, at);
  if (s < count && segments[s].end >= at + n) {
    if (const Rates rates = segments[s]; rates.trained) pass.template update<n>(at, in, rates);
  } else if constexpr (n > 1) {
    for (Index i = at; i < at + n; ++i) {
      while (s < count && segments[s].end <= i) ++s;
      if (s == count) return;
      if (const Rates rates = segments[s]; rates.trained)
        pass.template update<1>(i, pass.template read<1>(i), rates);
    }
  }
}

/// rates[s] = Rates::of(op, segment, the factor of the gradients), and whether it is trained.
template <class Rates, class Operation>
__global__ void rates_of_segments(const Operation op, Rates* rates) {
  const Index s = Index{blockIdx.x} * blockDim.x + threadIdx.x;
  if (s >= op.segment_count) return;
  const double factor = op.gradient_factor ? *op.gradient_factor : 1;
  const ops::Segment segment = op.segments[s];
  Rates result = Rates::of(op, segment, factor);
  result.trained = segment.rate_scale != 0 && factor != 0;
  rates[s] = result;
}

}  // namespace detail

/// The numbers of each segment, in the workspace.
template <class Rates, class Device, class Operation>
Rates* work_out_rates(Device& device, const Operation& op) {
  const auto rates = take_as<Rates>(device, 1, op.segment_count);
  start(device, op.name, one_each(op.segment_count, 32),
        detail::rates_of_segments<Rates, Operation>, op, rates.data);
  return rates.data;
}

}  // namespace extrema::cuda
