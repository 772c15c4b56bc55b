// SPDX-License-Identifier: MIT
// Passes over flat memory on the card. All wait for memory alone; bytes an element are noted with
// each.
#pragma once

#include "extrema/core/round_up.hpp"
#include "extrema/cuda/partial_sums.cuh"
#include "extrema/cuda/pass.cuh"
#include "extrema/ops/flat.hpp"

namespace extrema::cuda {

namespace detail {

/// Reads x and y, writes y: 12 bytes in float.
template <class S>
struct AddPass {
  static constexpr int at_once = 2;
  const S* x;
  S* y;

  template <int n>
  struct In {
    Pack<S, n> x, y;
  };
  template <int n>
  __device__ In<n> read(Index at) const {
    return {load<n>(x + at), load<n>(y + at)};
  }
  template <int n>
  __device__ void write(Index at, const In<n>& in) const {
    const auto summand = widen(in.x);
    auto sum = widen(in.y);
#pragma unroll
    for (int i = 0; i < n; ++i) sum.at[i] += summand.at[i];
    store(y + at, narrow<S>(sum));
  }
};

/// Reads and writes x: 8 bytes in float.
template <class S>
struct ScalePass {
  static constexpr int at_once = 2;
  S* x;
  const S* factor;

  template <int n>
  __device__ Pack<S, n> read(Index at) const {
    return load<n>(x + at);
  }
  template <int n>
  __device__ void write(Index at, Pack<S, n> in) const {
    const S by = *factor;
#pragma unroll
    for (int i = 0; i < n; ++i) in.at[i] *= by;
    store(x + at, in);
  }
};

/// Reads x and the average, writes the average and its operands: 12 bytes, 14 with bfloat16
/// operands.
template <class W, class S>
struct LerpPass {
  static constexpr int at_once = 2;
  const W* x;
  const double* momentum;
  W* average;
  S* operands;

  template <int n>
  struct In {
    Pack<W, n> x, average;
  };
  template <int n>
  __device__ In<n> read(Index at) const {
    return {load<n>(x + at), load<n>(average + at)};
  }
  template <int n>
  __device__ void write(Index at, In<n> in) const {
    const auto weight = static_cast<W>(1 - *momentum);
#pragma unroll
    for (int i = 0; i < n; ++i) in.average.at[i] += weight * (in.x.at[i] - in.average.at[i]);
    store(average + at, in.average);
    if (operands) store(operands + at, narrow<S>(in.average));
  }
};

template <class W, int n>
__device__ W sum_of_squares(const Pack<W, n>& x) {
  W sum = 0;
#pragma unroll
  for (int i = 0; i < n; ++i) sum += x.at[i] * x.at[i];
  return sum;
}

inline constexpr int norm_threads = 256, norm_at_once = 4;

/// The sum of each block's share, in double: a pack's squares are added in the Wide type. Reads x
/// once (4 bytes), 4 packs a thread on their way.
template <int n, class S>
__global__ void __launch_bounds__(norm_threads)
    sums_of_squares(const S* x, const Index count, double* sums) {
  const Index packs = count / n, stride = Index{gridDim.x} * norm_threads,
              first = Index{blockIdx.x} * norm_threads + threadIdx.x;
  double sum = 0;
  for (Index at = first; at < packs; at += norm_at_once * stride) {
    Pack<S, n> in[norm_at_once] = {};
#pragma unroll
    for (int i = 0; i < norm_at_once; ++i)
      if (at + i * stride < packs) in[i] = load<n>(x + (at + i * stride) * n);
#pragma unroll
    for (int i = 0; i < norm_at_once; ++i) sum += static_cast<double>(sum_of_squares(widen(in[i])));
  }
  if (const Index rest = packs * n + first; rest < count)
    sum += static_cast<double>(sum_of_squares(widen(load<1>(x + rest))));
  sum = block_sum(sum);
  if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}

}  // namespace detail

template <class F, class P, class T>
void launch(BasicDevice<F, P>& device, const ops::Zero<T>& op) {
  if (op.x.size() == 0) return;
  check(cudaMemsetAsync(op.x.data, 0, static_cast<std::size_t>(op.x.size()) * sizeof(T),
                        device.stream()),
        op.name);
}

template <class F, class P, class T>
void launch(BasicDevice<F, P>& device, const ops::Copy<T>& op) {
  if (op.to.size() == 0) return;
  check(
      cudaMemcpyAsync(op.to.data, op.from.data, static_cast<std::size_t>(op.to.size()) * sizeof(T),
                      cudaMemcpyDeviceToDevice, device.stream()),
      op.name);
}

template <class F, class P, class T>
void launch(BasicDevice<F, P>& device, const ops::Add<T>& op) {
  constexpr int n = pack_size<T>;
  run_pass<n>(device, op.name, detail::AddPass<T>{op.x.data, op.y.data}, op.y.size(),
              in_packs<n>(op.x.data, op.y.data));
}

template <class F, class P, class S>
void launch(BasicDevice<F, P>& device, const ops::Scale<S>& op) {
  constexpr int n = pack_size<S>;
  run_pass<n>(device, op.name, detail::ScalePass<S>{op.x.data, op.factor}, op.x.size(),
              in_packs<n>(op.x.data));
}

template <class F, class P, class W, class S>
void launch(BasicDevice<F, P>& device, const ops::Lerp<W, S>& op) {
  constexpr int n = pack_size<W, S>;
  run_pass<n>(device, op.name,
              detail::LerpPass<W, S>{op.x.data, op.momentum, op.average.data, op.operands.data},
              op.x.size(),
              in_packs<n>(op.x.data, op.average.data) && in_packs<n>(op.operands.data));
}

/// In a number of shares that depends on the size alone, whose sums are then added in order.
template <class F, class P, class S>
void launch(BasicDevice<F, P>& device, const ops::SquaredNorm<S>& op) {
  using namespace detail;
  constexpr int n = pack_size<S>;
  constexpr Index share = n * norm_threads * norm_at_once, most = 6 * multiprocessors;
  const Index blocks = std::clamp<Index>(divide_up(op.x.size(), share), 1, most);
  const Scope scope{device.workspace()};
  const auto sums = take_as<double>(device, 1, blocks);
  const LaunchShape shape{dim3(static_cast<unsigned>(blocks)), dim3(norm_threads)};
  const auto kernel = in_packs<n>(op.x.data) ? sums_of_squares<n, S> : sums_of_squares<1, S>;
  start(device, op.name, shape, kernel, op.x.data, op.x.size(), sums.data);
  add_up(device, op.name, reading(sums), {.to = op.result});
}

}  // namespace extrema::cuda
