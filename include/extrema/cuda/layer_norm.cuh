// SPDX-License-Identifier: MIT
// Layer normalisation on the card.   T rows, D = width
//
// A row is read once and stays in registers: a warp takes it up to 1024 columns, a block up to
// 4096. Forward moves x and y (6 bytes an element from a float stream to bfloat16); backward x,
// grad_y, grad_x (and the old one where it accumulates), 10 to 14 bytes. Weight and bias come from
// the first cache. In backward a thread has the same columns of every row that it sees, so that the
// sums for weight and bias stay in registers until the end.
#pragma once

#include <cmath>
#include <type_traits>

#include "extrema/core/error.hpp"
#include "extrema/core/round_up.hpp"
#include "extrema/cuda/device.cuh"
#include "extrema/cuda/launch.cuh"
#include "extrema/cuda/numbers.cuh"
#include "extrema/cuda/partial_sums.cuh"
#include "extrema/ops/layer_norm.hpp"

namespace extrema::cuda {

namespace detail {

inline constexpr int norm_row_threads = 256;

/// What else is made of a row's gradient.
struct NothingElse {
  template <class Gradient>
  __device__ void operator()(Index, int, const Gradient&) const {}
};

/// A row is shared by so many threads, of which each has so many packs of n columns: its i-th is
/// pack i * threads + lane of the row.
template <int threads_, int packs_, int n_>
struct RowShape {
  static constexpr int threads = threads_, packs = packs_, n = n_;
  static constexpr int rows = norm_row_threads / threads;  // that a block has at a time
  static constexpr int width = threads * packs * n;        // the most columns

  /// How many blocks a multiprocessor has registers for in backward, which keeps x, grad_y and two
  /// sums of each column. (One where speed does not matter: double, rows that lie badly.)
  template <class Else, class X, class Y, class W>
  static constexpr int resident() {
    constexpr int words = packs * n * static_cast<int>(sizeof(X) + sizeof(Y) + 2 * sizeof(W)) / 4;
    if (n == 1 || sizeof(W) > sizeof(float)) return 1;
    constexpr int blocks = words <= 32 ? 4 : words <= 48 ? 3 : words <= 84 ? 2 : 1;
    constexpr bool has_more = !std::is_same_v<Else, NothingElse> && sizeof(Y) == sizeof(float);
    return has_more && blocks > 1 ? blocks - 1 : blocks;
  }

  /// In forward, which keeps the row alone. (Left to itself, ptxas spills a register rather than
  /// take one more.)
  template <class W>
  static constexpr int resident_forward() {
    return n > 1 && packs * n <= 16 && sizeof(W) <= sizeof(float) ? 4 : 2;
  }

  static __device__ int lane() { return static_cast<int>(threadIdx.x) % threads; }
  static __device__ int group() { return static_cast<int>(threadIdx.x) / threads; }

  /// The sum of the row's threads' values, in each of them.
  template <class W>
  static __device__ W sum(W value) {
    if constexpr (threads == warp_size) return warp_sum(value);
    else return block_sum(value);
  }
};

/// Calls body(i, first column) for the thread's packs that the row has.
template <class Shape, class Body>
__device__ void each_pack(Index width, const Body& body) {
#pragma unroll
  for (int i = 0; i < Shape::packs; ++i)
    if (const int column = (i * Shape::threads + Shape::lane()) * Shape::n; column < width)
      body(i, column);
}

/// Where a row to be normed comes from: the pack at a column is made of what was read for it.
template <class X>
struct RowsOf {
  Matrix<const X> x;

  template <int n>
  __device__ Pack<X, n> read(Index row, int column) const {
    return load<n>(x.row(row) + column);
  }
  template <int n>
  __device__ Pack<X, n> make(Index, int, const Pack<X, n>& in) const {
    return in;
  }
};

template <class Shape, class Rows, class X, class Y, class W>
__global__ void __launch_bounds__(norm_row_threads, Shape::template resident_forward<W>())
    layer_norm(const Rows rows, const ops::LayerNorm<X, Y, W> op) {
  constexpr int n = Shape::n;
  const Index row = Index{blockIdx.x} * Shape::rows + Shape::group(), width = op.x.cols;
  if (row >= op.x.rows) return;  // the row's threads all
  decltype(rows.template read<n>(0, 0)) in[Shape::packs];
  Pack<X, n> x[Shape::packs];
  W sum = 0, squares = 0;
  each_pack<Shape>(width, [&](int i, int column) { in[i] = rows.template read<n>(row, column); });
  each_pack<Shape>(width, [&](int i, int column) {
    x[i] = rows.make(row, column, in[i]);
    for (const W value : widen(x[i]).at) sum += value;
  });
  const W mean = Shape::sum(sum) / static_cast<W>(width);
  each_pack<Shape>(width, [&](int i, int) {
    for (const W value : widen(x[i]).at) squares += (value - mean) * (value - mean);
  });
  const W variance = Shape::sum(squares) / static_cast<W>(width);
  const W scale = W{1} / std::sqrt(variance + static_cast<W>(op.epsilon));
  each_pack<Shape>(width, [&](int i, int column) {
    const auto weight = load<n>(op.weight.data + column), bias = load<n>(op.bias.data + column);
    auto y = widen(x[i]);
#pragma unroll
    for (int k = 0; k < n; ++k) y.at[k] = (y.at[k] - mean) * scale * weight.at[k] + bias.at[k];
    store(op.y.row(row) + column, narrow<Y>(y));
  });
  if (Shape::lane() == 0) {
    op.statistics.row(row)[0] = mean;
    op.statistics.row(row)[1] = scale;
  }
}

/// to (D) = the sum of what the block's rows have added up, in their order.
template <class Shape, class W>
__device__ void sum_of_groups(const Pack<W, Shape::n> (&sums)[Shape::packs], Index width, W* to) {
  if constexpr (Shape::rows == 1) {
    each_pack<Shape>(width, [&](int i, int column) { store(to + column, sums[i]); });
  } else {
    __shared__ W of_group[Shape::rows][Shape::width];
    __syncthreads();  // what was read by an earlier call
    each_pack<Shape>(width, [&](int i, int column) {
#pragma unroll
      for (int k = 0; k < Shape::n; ++k) of_group[Shape::group()][column + k] = sums[i].at[k];
    });
    __syncthreads();
    for (Index column = threadIdx.x; column < width; column += norm_row_threads) {
      W sum = 0;
      for (int group = 0; group < Shape::rows; ++group) sum += of_group[group][column];
      to[column] = sum;
    }
  }
}

/// Rows of the partial sums (blocks, D) get each block's.
template <class Shape, class Else, class X, class Y, class W>
__global__ void __launch_bounds__(norm_row_threads, Shape::template resident<Else, X, Y, W>())
    layer_norm_backward(const ops::LayerNormBackward<X, Y, W> op, const Else and_else,
                        const Matrix<W> of_weight, const Matrix<W> of_bias) {
  constexpr int n = Shape::n;
  const Index width = op.x.cols;
  Pack<W, n> sum_weight[Shape::packs] = {}, sum_bias[Shape::packs] = {};
  for (Index row = Index{blockIdx.x} * Shape::rows + Shape::group(); row < op.x.rows;
       row += Index{gridDim.x} * Shape::rows) {
    const W mean = op.statistics.row(row)[0], scale = op.statistics.row(row)[1];
    Pack<X, n> x[Shape::packs];
    Pack<Y, n> grad_y[Shape::packs];
    each_pack<Shape>(width, [&](int i, int column) {
      x[i] = load<n>(op.x.row(row) + column);
      grad_y[i] = load<n>(op.grad_y.row(row) + column);
    });
    W sum_grad = 0, sum_product = 0;
    each_pack<Shape>(width, [&](int i, int column) {
      const auto at_x = widen(x[i]), grad = widen(grad_y[i]);
      const auto weight = load<n>(op.weight.data + column);
#pragma unroll
      for (int k = 0; k < n; ++k) {
        const W normed = (at_x.at[k] - mean) * scale, weighted = grad.at[k] * weight.at[k];
        sum_weight[i].at[k] += grad.at[k] * normed;
        sum_bias[i].at[k] += grad.at[k];
        sum_grad += weighted;
        sum_product += weighted * normed;
      }
    });
    const W mean_grad = Shape::sum(sum_grad) / static_cast<W>(width),
            mean_product = Shape::sum(sum_product) / static_cast<W>(width);
    each_pack<Shape>(width, [&](int i, int column) {
      const auto at_x = widen(x[i]);
      const auto weight = load<n>(op.weight.data + column);
      auto grad = widen(grad_y[i]);
#pragma unroll
      for (int k = 0; k < n; ++k) {
        const W normed = (at_x.at[k] - mean) * scale;
        grad.at[k] = (grad.at[k] * weight.at[k] - mean_grad - normed * mean_product) * scale;
      }
      and_else(row, column, put(op.grad_x.tensor.row(row) + column, grad, op.grad_x.accumulate));
    });
  }
  sum_of_groups<Shape>(sum_weight, width, of_weight.row(blockIdx.x));
  sum_of_groups<Shape>(sum_bias, width, of_bias.row(blockIdx.x));
}

/// Calls run(shape) with the first that has room for a row.
template <class... Shapes, class Run>
void with_room(const char* what, Index width, const Run& run) {
  if (((width <= Shapes::width && (run(Shapes{}), true)) || ...)) return;
  throw Error{what, ": a row has ", width, " columns, and the CUDA backend takes at most 4096"};
}

/// A warp for each row of up to 1024 columns, then a block.
template <int n, class Run>
void with_row_shape(const char* what, Index width, const Run& run) {
  constexpr int warp = warp_size, block = norm_row_threads;
  if constexpr (n == 8)
    with_room<RowShape<warp, 1, n>, RowShape<warp, 2, n>, RowShape<warp, 3, n>,
              RowShape<warp, 4, n>, RowShape<block, 1, n>, RowShape<block, 2, n>>(what, width, run);
  else if constexpr (n == 4)
    with_room<RowShape<warp, 1, n>, RowShape<warp, 2, n>, RowShape<warp, 3, n>,
              RowShape<warp, 4, n>, RowShape<warp, 6, n>, RowShape<warp, 8, n>,
              RowShape<block, 2, n>, RowShape<block, 4, n>>(what, width, run);
  else  // double, and rows that lie badly
    with_room<RowShape<warp, 4, n>, RowShape<block, 1024 / block / n, n>,
              RowShape<block, 4096 / block / n, n>>(what, width, run);
}

template <int n, class Device, class Rows, class X, class Y, class W>
void run_layer_norm(Device& device, const char* what, const Rows& rows,
                    const ops::LayerNorm<X, Y, W>& op) {
  with_row_shape<n>(what, op.x.cols, [&]<class Shape>(Shape) {
    start(device, what,
          one_each(divide_up(op.x.rows, Shape::rows) * norm_row_threads, norm_row_threads),
          layer_norm<Shape, Rows, X, Y, W>, rows, op);
  });
}

/// As many blocks as run at once, unless there are fewer rows.
template <int n, class Device, class Else, class X, class Y, class W>
void run_layer_norm_backward(Device& device, const char* what,
                             const ops::LayerNormBackward<X, Y, W>& op, const Else& and_else) {
  if (op.x.size() == 0) return;
  with_row_shape<n>(what, op.x.cols, [&]<class Shape>(Shape) {
    const Index blocks =
        std::min<Index>(divide_up(op.x.rows, Shape::rows),
                        Shape::template resident<Else, X, Y, W>() * multiprocessors);
    const Scope scope{device.workspace()};
    const auto of_weight = take_as<W>(device, blocks, op.x.cols),
               of_bias = take_as<W>(device, blocks, op.x.cols);
    start(device, what, {dim3(static_cast<unsigned>(blocks)), dim3(norm_row_threads)},
          layer_norm_backward<Shape, Else, X, Y, W>, op, and_else, of_weight, of_bias);
    add_partial_sums<Device, W>(device, what, {of_weight, op.grad_weight}, {of_bias, op.grad_bias});
  });
}

template <int n, class X, class Y, class W>
bool norm_in_packs(const ops::LayerNorm<X, Y, W>& op) {
  return op.x.cols % n == 0 && in_packs<n>(op.x.data) && in_packs<n>(op.y.data) &&
         in_packs<n>(op.weight.data, op.bias.data);
}

}  // namespace detail

template <class F, class P, class X, class Y, class W>
void launch(BasicDevice<F, P>& device, const ops::LayerNorm<X, Y, W>& op) {
  constexpr int n = pack_size<X, Y>;
  const detail::RowsOf<X> rows{op.x};
  if (detail::norm_in_packs<n>(op)) detail::run_layer_norm<n>(device, op.name, rows, op);
  else detail::run_layer_norm<1>(device, op.name, rows, op);
}

namespace detail {

template <int n, class X, class Y, class W>
bool norm_in_packs(const ops::LayerNormBackward<X, Y, W>& op) {
  return op.x.cols % n == 0 && in_packs<n>(op.x.data, reading(op.grad_x.tensor).data) &&
         in_packs<n>(op.grad_y.data) && in_packs<n>(op.weight.data);
}

}  // namespace detail

template <class F, class P, class X, class Y, class W>
void launch(BasicDevice<F, P>& device, const ops::LayerNormBackward<X, Y, W>& op) {
  constexpr int n = pack_size<X, Y>;
  constexpr detail::NothingElse nothing;
  if (detail::norm_in_packs<n>(op))
    detail::run_layer_norm_backward<n>(device, op.name, op, nothing);
  else detail::run_layer_norm_backward<1>(device, op.name, op, nothing);
}

}  // namespace extrema::cuda
