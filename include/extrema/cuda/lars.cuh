// SPDX-License-Identifier: MIT
// LARS on the card. The norms of each segment's values and steps take one reading of values and
// gradients (8 bytes a parameter), by several blocks a segment whose sums are added in order; the
// step then moves what SGD's does (20 bytes, 22 with bfloat16 operands).
#pragma once

#include <algorithm>
#include <cmath>

#include "extrema/core/round_up.hpp"
#include "extrema/cuda/partial_sums.cuh"
#include "extrema/cuda/segments.cuh"
#include "extrema/ops/lars.hpp"

namespace extrema::cuda {

namespace detail {

inline constexpr int lars_threads = 256;

template <class W>
struct LarsRates {
  Index end;
  bool trained;
  W scale;  // of the gradient
  W decay;
  W rate;
  W length;  // of the step

  template <class Operation>
  static __device__ LarsRates of(const Operation& op, const ops::Segment& segment, double factor) {
    return {.end = segment.end,
            .trained = false,
            .scale = static_cast<W>(factor),
            .decay = static_cast<W>(op.step->weight_decay * segment.decay_scale),
            .rate = static_cast<W>(op.step->learning_rate * segment.rate_scale),
            .length = 1};
  }
};

/// Squares of values and of steps, summed.
struct LarsSums {
  double of_values = 0, of_steps = 0;

  template <class W, int n>
  __device__ void add(const Pack<W, n>& values, const Pack<W, n>& gradients,
                      const LarsRates<W>& r) {
    W value_squares = 0, step_squares = 0;
#pragma unroll
    for (int i = 0; i < n; ++i) {
      const W step = gradients.at[i] * r.scale + values.at[i] * r.decay;
      value_squares += values.at[i] * values.at[i];
      step_squares += step * step;
    }
    of_values += static_cast<double>(value_squares);
    of_steps += static_cast<double>(step_squares);
  }
};

/// sums[s * shares + i]: of the i-th share of segment s, which is every shares-th run of 256 packs,
/// and for the first one what stands before and behind the packs.
template <int n, class W, class S>
__global__ void __launch_bounds__(lars_threads)
    lars_sums(const ops::Lars<W, S> op, const LarsRates<W>* rates, const Index shares,
              LarsSums* sums) {
  const Index s = blockIdx.x / shares, share = blockIdx.x % shares;
  const LarsRates<W> r = rates[s];
  const Index begin = s == 0 ? 0 : rates[s - 1].end, first = min(round_up(begin, n), r.end),
              last = max(first, r.end / n * n);
  const W *values = op.values.data, *gradients = op.gradients.data;
  LarsSums sum;
  for (Index at = first + (share * lars_threads + threadIdx.x) * n; at < last;
       at += shares * lars_threads * n)
    sum.add(load<n>(values + at), load<n>(gradients + at), r);
  const auto add_one = [&](Index at) { sum.add(load<1>(values + at), load<1>(gradients + at), r); };
  if (share == 0 && begin + threadIdx.x < first) add_one(begin + threadIdx.x);
  if (share == 0 && last + threadIdx.x < r.end) add_one(last + threadIdx.x);
  sum = {block_sum(sum.of_values), block_sum(sum.of_steps)};
  if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}

/// The length of each segment's step: a warp adds its shares.
template <class W, class S>
__global__ void lars_lengths(const ops::Lars<W, S> op, const LarsSums* sums, const Index shares,
                             LarsRates<W>* rates) {
  const Index thread = Index{blockIdx.x} * blockDim.x + threadIdx.x, s = thread / warp_size;
  if (s >= op.segment_count || op.segments[s].decay_scale == 0) return;
  double of_values = 0, of_steps = 0;
  for (Index i = thread % warp_size; i < shares; i += warp_size) {
    of_values += sums[s * shares + i].of_values;
    of_steps += sums[s * shares + i].of_steps;
  }
  of_values = warp_sum(of_values);
  of_steps = warp_sum(of_steps);
  const bool known = of_values > 0 && of_steps > 0;
  if (known && thread % warp_size == 0)
    rates[s].length = static_cast<W>(op.trust * std::sqrt(of_values / of_steps));
}

template <class W, class S>
struct LarsPass {
  static constexpr int at_once = 1;
  ops::Lars<W, S> op;
  const LarsRates<W>* rates;

  template <int n>
  struct In {
    Pack<W, n> value, gradient, velocity;
  };
  template <int n>
  __device__ In<n> read(Index at) const {
    return {load<n>(op.values.data + at), load<n>(op.gradients.data + at),
            load<n>(op.velocity.data + at)};
  }
  template <int n>
  __device__ void write(Index at, const In<n>& in) const {
    update_by_segment<n>(*this, at, in, rates, op.segment_count);
  }
  template <int n>
  __device__ void update(Index at, In<n> in, const LarsRates<W>& r) const {
    const auto momentum = static_cast<W>(op.momentum);
#pragma unroll
    for (int i = 0; i < n; ++i) {
      const W step = in.gradient.at[i] * r.scale + in.value.at[i] * r.decay;
      in.velocity.at[i] = in.velocity.at[i] * momentum + step * r.length;
      in.value.at[i] -= in.velocity.at[i] * r.rate;
    }
    store(op.values.data + at, in.value);
    store(op.velocity.data + at, in.velocity);
    if (!op.operands.empty()) store(op.operands.data + at, narrow<S>(in.value));
  }
};

/// Blocks for each segment: one for so many elements as a segment has on average, 8192 of them.
inline Index lars_shares(Index size, Index segments) {
  return std::clamp<Index>(size / segments / 8192, 1, 4 * multiprocessors);
}

}  // namespace detail

template <class F, class P, class W, class S>
void launch(BasicDevice<F, P>& device, const ops::Lars<W, S>& op) {
  using namespace detail;
  constexpr int n = pack_size<W, S>;
  if (op.segment_count == 0) return;
  const bool packed =
      in_packs<n>(reading(op.values).data, op.gradients.data, reading(op.velocity).data) &&
      in_packs<n>(op.operands.data);
  const Index shares = lars_shares(op.values.size(), op.segment_count);
  const Scope scope{device.workspace()};
  const auto rates = work_out_rates<LarsRates<W>>(device, op);
  const auto sums = take_as<LarsSums>(device, op.segment_count, shares);
  const LaunchShape blocks{dim3(static_cast<unsigned>(sums.size())), dim3(lars_threads)};
  const auto kernel = packed ? lars_sums<n, W, S> : lars_sums<1, W, S>;
  start(device, op.name, blocks, kernel, op, rates, shares, sums.data);
  start(device, op.name, one_each(op.segment_count * warp_size), lars_lengths<W, S>, op, sums.data,
        shares, rates);
  run_pass<n>(device, op.name, LarsPass<W, S>{op, rates}, op.values.size(), packed);
}

}  // namespace extrema::cuda
