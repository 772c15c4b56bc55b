// SPDX-License-Identifier: MIT
// Singular values on the GPU: the eigenvalues of the Gram matrix by Jacobi's rotations, n / 2 at a
// time, in double. For a look at features once in a while, not for steps.   n = min(N, P)
#pragma once

#include <algorithm>

#include "extrema/cuda/device.cuh"
#include "extrema/cuda/launch.cuh"
#include "extrema/ops/singular_values.hpp"

namespace extrema::cuda {

namespace detail {

/// Rotates row and column p against q; the plane where nothing is to be done has s = 0.
struct Rotation {
  int p, q;
  double c, s;
};

/// Each of m players (m even) meets each other once in m - 1 rounds: who meets in pair k.
__device__ inline Rotation pair_of(int k, int round, int m) {
  const int around = m - 1;
  const int a = k == 0 ? m - 1 : (round + k) % around, b = (round - k + around) % around;
  return {a < b ? a : b, a < b ? b : a, 1, 0};
}

/// xᵀ x, or x xᵀ where there are fewer rows.
template <class W>
__global__ void gram_kernel(Matrix<const W> x, Matrix<double> gram) {
  const Index at = static_cast<Index>(blockIdx.x) * blockDim.x + threadIdx.x, n = gram.cols;
  if (at >= gram.size()) return;
  const Index i = at / n, j = at % n;
  double sum = 0;
  if (x.rows < x.cols)
    for (Index k = 0; k < x.cols; ++k)
      sum += static_cast<double>(x.row(i)[k]) * static_cast<double>(x.row(j)[k]);
  else
    for (Index k = 0; k < x.rows; ++k)
      sum += static_cast<double>(x.row(k)[i]) * static_cast<double>(x.row(k)[j]);
  gram.data[at] = sum;
}

/// The angles that make gram(p, q) zero, for all pairs of a round. Where n is odd, one pair has no
/// partner.
template <class T>
__global__ void rotations_kernel(Matrix<const T> gram, int round, int pairs, Rotation* rotations) {
  const int k = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (k >= pairs) return;
  Rotation r = pair_of(k, round, 2 * pairs);
  const double off = r.q < gram.cols ? gram.row(r.p)[r.q] : 0;
  if (off != 0) {
    const double tau = (gram.row(r.q)[r.q] - gram.row(r.p)[r.p]) / (2 * off);
    const double t = (tau < 0 ? -1 : 1) / (fabs(tau) + sqrt(1 + tau * tau));
    r.c = 1 / sqrt(1 + t * t);
    r.s = t * r.c;
  }
  rotations[k] = r;
}

/// A thread for each pair and each of the n elements of its two rows, or columns.
template <class T>
__global__ void rotate_kernel(Matrix<T> gram, int pairs, const Rotation* rotations, bool rows) {
  const Index at = static_cast<Index>(blockIdx.x) * blockDim.x + threadIdx.x, n = gram.cols;
  if (at >= pairs * n) return;
  const Rotation r = rotations[rows ? at / n : at % pairs];
  if (r.s == 0) return;
  const Index other = rows ? at % n : at / pairs;
  double& p = rows ? gram.row(r.p)[other] : gram.row(other)[r.p];
  double& q = rows ? gram.row(r.q)[other] : gram.row(other)[r.q];
  const double was = p;
  p = r.c * was - r.s * q;
  q = r.s * was + r.c * q;
}

/// Each value goes to its rank.
template <class T>
__global__ void sorted_roots_kernel(Matrix<const T> gram, Matrix<T> values) {
  const Index i = static_cast<Index>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= gram.cols) return;
  const double mine = gram.row(i)[i];
  Index rank = 0;
  for (Index j = 0; j < gram.cols; ++j)
    rank += gram.row(j)[j] > mine || (gram.row(j)[j] == mine && j < i);
  values.data[rank] = mine > 0 ? sqrt(mine) : 0;
}

}  // namespace detail

/// Convergence is quadratic after some log2(n) sweeps: 12 leave nothing in double for n = 1024.
template <class F, class P, class W>
void launch(BasicDevice<F, P>& device, const ops::SingularValues<W>& op) {
  constexpr int sweeps = 12;
  const Index n = op.values.size();
  if (n == 0) return;
  const int pairs = static_cast<int>((n + 1) / 2);
  const Scope scope{device.workspace()};
  const auto gram = take_as<double>(device, n, n);
  const auto rotations = take_as<detail::Rotation>(device, 1, pairs);
  start(device, op.name, one_each(n * n), detail::gram_kernel<W>, op.x, gram);
  for (int sweep = 0; sweep < sweeps; ++sweep)
    for (int round = 0; round < 2 * pairs - 1; ++round) {
      start(device, op.name, one_each(pairs), detail::rotations_kernel<double>, gram, round, pairs,
            rotations.data);
      for (const bool rows : {true, false})
        start(device, op.name, one_each(pairs * n), detail::rotate_kernel<double>, gram, pairs,
              rotations.data, rows);
    }
  start(device, op.name, one_each(n), detail::sorted_roots_kernel<double>, gram, op.values);
}

}  // namespace extrema::cuda
