// SPDX-License-Identifier: MIT
// The residual sum and the layer norm behind it on the card: x and branch are read once, the sum
// and the normed row written, 12 bytes an element for a float stream and bfloat16 branches. (Apart
// the two move 16.)
#pragma once

#include "extrema/cuda/layer_norm.cuh"
#include "extrema/cuda/residual.cuh"
#include "extrema/ops/residual_norm.hpp"

namespace extrema::cuda {

namespace detail {

/// The rows are sums, which are written on the way.
template <class X, class S, class W>
struct SummedRows {
  ops::Residual<X, S, W> op;

  template <int n>
  struct In {
    Pack<X, n> x;
    Pack<S, n> branch;
  };
  template <int n>
  __device__ In<n> read(Index row, int column) const {
    return {load<n>(op.x.row(row) + column), load<n>(op.branch.row(row) + column)};
  }
  template <int n>
  __device__ Pack<X, n> make(Index row, int column, const In<n>& in) const {
    const auto gamma = op.gamma.empty() ? ones<n, W>() : load<n>(op.gamma.data + column);
    const auto sum =
        residual_sum(in.x, in.branch, op.scale.empty() ? W{1} : op.scale.data[row], gamma);
    store(op.y.row(row) + column, sum);
    return sum;
  }
};

/// The gradient of a branch, from that of its sum.
template <class X, class S, class W>
struct BranchGradient {
  Matrix<const W> scale;  // (T, 1) or empty
  Matrix<S> to;           // (T, D)

  template <int n>
  __device__ void operator()(Index row, int column, const Pack<X, n>& of_sum) const {
    const W factor = scale.empty() ? W{1} : scale.data[row];
    auto grad = widen(of_sum);
#pragma unroll
    for (W& value : grad.at) value *= factor;
    store(to.row(row) + column, narrow<S>(grad));
  }
};

}  // namespace detail

template <class F, class P, class X, class S, class W>
void launch(BasicDevice<F, P>& device, const ops::ResidualNorm<X, S, W>& op) {
  constexpr int n = pack_size<X, S>;
  const detail::SummedRows<X, S, W> rows{op.sum};
  if (detail::norm_in_packs<n>(op.norm) && detail::residual_in_packs<n>(op.sum))
    detail::run_layer_norm<n>(device, op.name, rows, op.norm);
  else detail::run_layer_norm<1>(device, op.name, rows, op.norm);
}

/// 16 bytes an element where apart it would be 20.
template <class F, class P, class X, class S, class W>
void launch(BasicDevice<F, P>& device, const ops::ResidualNormBackward<X, S, W>& op) {
  constexpr int n = pack_size<X, S>;
  const detail::BranchGradient<X, S, W> branch{op.sum.scale, op.sum.grad_branch};
  if (detail::norm_in_packs<n>(op.norm) && in_packs<n>(reading(op.sum.grad_branch).data))
    detail::run_layer_norm_backward<n>(device, op.name, op.norm, branch);
  else detail::run_layer_norm_backward<1>(device, op.name, op.norm, branch);
}

}  // namespace extrema::cuda
