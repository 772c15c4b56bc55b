// SPDX-License-Identifier: MIT
// What losses are made of, on the card.   N rows, P features, C logits
//
// Rows of features are short and few (a thousand of 256): a warp takes each, reads it from memory
// once, and again from the first cache. Rows of logits may be long: a block takes each. Terms of a
// loss are kept one a row, then added in order in double.
#pragma once

#include <cmath>

#include "extrema/cuda/device.cuh"
#include "extrema/cuda/launch.cuh"
#include "extrema/cuda/numbers.cuh"
#include "extrema/cuda/partial_sums.cuh"
#include "extrema/ops/rows.hpp"

namespace extrema::cuda {

namespace detail {

/// The row of this thread's warp, and the thread's first column; it has every 32nd.
struct WarpRow {
  Index row = (Index{blockIdx.x} * blockDim.x + threadIdx.x) / warp_size;
  int lane = static_cast<int>(threadIdx.x) % warp_size;
};

inline LaunchShape warp_for_each(Index rows) { return one_each(rows * warp_size); }

/// |x| of the warp's row, whose squares may overflow or vanish.
template <class W>
__device__ W norm_of_row(const W* x, Index width, int lane) {
  W top = 0, sum = 0;
  for (Index k = lane; k < width; k += warp_size) top = std::fmax(top, std::fabs(x[k]));
  top = warp_max(top);
  if (!(top > 0)) return top;
  for (Index k = lane; k < width; k += warp_size) sum += x[k] / top * (x[k] / top);
  return top * std::sqrt(warp_sum(sum));
}

/// 8 bytes a float, and scale.
template <class W>
__global__ void normalise_rows(const ops::NormaliseRows<W> op) {
  const auto [row, lane] = WarpRow{};
  if (row >= op.x.rows) return;
  const auto epsilon = static_cast<W>(op.epsilon);
  const Index width = op.x.cols;
  const W* x = op.x.row(row);
  const W norm = norm_of_row(x, width, lane), divisor = norm > epsilon ? norm : epsilon;
  if (lane == 0) op.scale.data[row] = norm > epsilon ? W{1} / norm : W{-1} / epsilon;
  for (Index k = lane; k < width; k += warp_size) op.y.row(row)[k] = x[k] / divisor;
}

/// 12 bytes a float, 16 where it accumulates.
template <class W>
__global__ void normalise_rows_backward(const ops::NormaliseRowsBackward<W> op) {
  const auto [row, lane] = WarpRow{};
  if (row >= op.y.rows) return;
  const Index width = op.y.cols;
  const W *y = op.y.row(row), *grad_y = op.grad_y.row(row);
  const W scale = op.scale.data[row];
  W radial = 0;
  for (Index k = lane; k < width; k += warp_size) radial += y[k] * grad_y[k];
  radial = warp_sum(radial);
  if (!(scale > 0)) radial = 0;
  for (Index k = lane; k < width; k += warp_size) {
    const Pack<W, 1> grad{(grad_y[k] - y[k] * radial) * std::fabs(scale)};
    put(op.grad_x.tensor.row(row) + k, grad, op.grad_x.accumulate);
  }
}

/// terms (N): each row's |x - target|². 8 bytes a float, and the targets.
template <class W>
__global__ void squared_distance(const ops::SquaredDistance<W> op, double* terms) {
  const auto [row, lane] = WarpRow{};
  if (row >= op.x.rows) return;
  const auto factor = static_cast<W>(2 * op.weight / static_cast<double>(op.x.rows));
  const W *x = op.x.row(row), *target = op.target.row(row % op.target.rows);
  W sum = 0;
  for (Index k = lane; k < op.x.cols; k += warp_size) {
    const W difference = x[k] - target[k];
    sum += difference * difference;
    op.grad.row(row)[k] = difference * factor;
  }
  sum = warp_sum(sum);
  if (lane == 0) terms[row] = static_cast<double>(sum);
}

inline constexpr int logit_threads = 256;

/// The greatest of all threads' values, in each.
template <class W>
__device__ W block_max(W value) {
  __shared__ W of_warp[logit_threads / warp_size];
  const int warp = static_cast<int>(threadIdx.x) / warp_size,
            lane = static_cast<int>(threadIdx.x) % warp_size;
  value = warp_max(value);
  if (lane == 0) of_warp[warp] = value;
  __syncthreads();
  return warp_max(of_warp[lane % (logit_threads / warp_size)]);
}

/// Calls body(first column) for the thread's packs of a row.
template <int n, class Body>
__device__ void each_logit(Index classes, const Body& body) {
#pragma unroll 4
  for (Index at = Index{threadIdx.x} * n; at < classes; at += logit_threads * n) body(at);
}

/// terms (N): each row's -log softmax. 8 bytes a float: the row is read from memory once, and twice
/// more from the caches. The exponentials are worked out twice, as memory would take longer.
template <int n, class W>
__global__ void __launch_bounds__(logit_threads)
    cross_entropy(const ops::CrossEntropy<W> op, double* terms) {
  const Index row = blockIdx.x, classes = op.logits.cols, label = op.first + row % op.targets;
  const auto sharpness = static_cast<W>(1 / op.temperature);
  const auto share = static_cast<W>(op.weight / static_cast<double>(op.logits.rows));
  const W* logits = op.logits.row(row);
  const W wanted = logits[label];
  W top = wanted, missed = 0;
  each_logit<n>(classes, [&](Index at) {
    for (const W logit : load<n>(logits + at).at) top = std::fmax(top, logit);
  });
  top = block_max(top);
  each_logit<n>(classes, [&](Index at) {
    const auto in = load<n>(logits + at);
#pragma unroll
    for (int k = 0; k < n; ++k)
      if (at + k != label) missed += std::exp((in.at[k] - top) * sharpness);
  });
  missed = block_sum(missed);
  const W total = std::exp((wanted - top) * sharpness) + missed, factor = share * sharpness / total;
  each_logit<n>(classes, [&](Index at) {
    auto grad = load<n>(logits + at);
#pragma unroll
    for (int k = 0; k < n; ++k) {
      const W p = std::exp((grad.at[k] - top) * sharpness);
      grad.at[k] = (at + k == label ? -missed : p) * factor;  // p - 1, without cancellation
    }
    store(op.grad.row(row) + at, grad);
  });
  if (threadIdx.x == 0)
    terms[row] = static_cast<double>(std::log(total) - (wanted - top) * sharpness);
}

/// *loss += weight times the mean of what `run(terms)` leaves for each row.
template <class Device, class Operation, class Run>
void add_mean(Device& device, const Operation& op, Index rows, const Run& run) {
  if (rows == 0) return;
  const Scope scope{device.workspace()};
  const auto terms = take_as<double>(device, 1, rows);
  run(terms.data);
  add_up(device, op.name, reading(terms),
         {.to = op.loss, .factor = op.weight / static_cast<double>(rows), .accumulate = true});
}

}  // namespace detail

template <class F, class P, class W>
void launch(BasicDevice<F, P>& device, const ops::NormaliseRows<W>& op) {
  start(device, op.name, detail::warp_for_each(op.x.rows), detail::normalise_rows<W>, op);
}

template <class F, class P, class W>
void launch(BasicDevice<F, P>& device, const ops::NormaliseRowsBackward<W>& op) {
  start(device, op.name, detail::warp_for_each(op.y.rows), detail::normalise_rows_backward<W>, op);
}

template <class F, class P, class W>
void launch(BasicDevice<F, P>& device, const ops::SquaredDistance<W>& op) {
  detail::add_mean(device, op, op.x.rows, [&](double* terms) {
    start(device, op.name, detail::warp_for_each(op.x.rows), detail::squared_distance<W>, op,
          terms);
  });
}

template <class F, class P, class W>
void launch(BasicDevice<F, P>& device, const ops::CrossEntropy<W>& op) {
  constexpr int n = pack_size<W>;
  const bool packed = op.logits.cols % n == 0 && in_packs<n>(op.logits.data, reading(op.grad).data);
  detail::add_mean(device, op, op.logits.rows, [&](double* terms) {
    const LaunchShape block_a_row{dim3(static_cast<unsigned>(op.logits.rows)),
                                  dim3(detail::logit_threads)};
    const auto kernel = packed ? detail::cross_entropy<n, W> : detail::cross_entropy<1, W>;
    start(device, op.name, block_a_row, kernel, op, terms);
  });
}

}  // namespace extrema::cuda
