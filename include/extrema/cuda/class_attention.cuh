// SPDX-License-Identifier: MIT
// Class attention on the GPU: one block per (sequence, head), which has one query. Each key and
// value is used for it alone, so memory's rate bounds both directions.
// n tokens + the class token, d = head width
#pragma once

#include <cmath>
#include <extrema/cuda/ptx.cuh>

#include "extrema/cuda/device.cuh"
#include "extrema/cuda/launch.cuh"
#include "extrema/cuda/numbers.cuh"
#include "extrema/cuda/reduce.cuh"
#include "extrema/ops/class_attention.hpp"

namespace extrema::cuda::detail {

inline constexpr int class_threads = 128;
inline constexpr int class_keys = 512;  // that a block looks at at a time
inline constexpr int lanes_a_key = 8;

/// What a block has: key j of its sequence stands in row row_of(j), the class token's own first.
struct ClassHead {
  Index s, first, classes;
  int keys, head, width;

  __device__ ClassHead(const Sequences& sequences, int heads, Index columns)
      : s{blockIdx.x / static_cast<unsigned>(heads)},
        first{sequences.offsets[s]},
        classes{sequences.count},
        keys{static_cast<int>(sequences.offsets[s + 1] - first) + 1},
        head{static_cast<int>(blockIdx.x % static_cast<unsigned>(heads))},
        width{static_cast<int>(columns) / heads} {}

  __device__ Index row_of(int j) const { return j == 0 ? s : classes + first + j - 1; }
  template <class T>
  __device__ T* of(Matrix<T> matrix, Index row) const {
    return matrix.row(row) + Index{head} * width;
  }
};

/// The sum over the lanes that share a key, in each of them.
template <class W>
__device__ W key_sum(W value) {
#pragma unroll
  for (int offset = lanes_a_key / 2; offset > 0; offset /= 2)
    value += __shfl_xor_sync(0xffffffffu, value, offset);
  return value;
}

/// Sums (1, d) of rows that are weighted, in shared memory: a thread has a piece of the columns and
/// every `slices`th key, the slices are added at the end.
template <class W, int piece>
struct WeightedRows {
  W* sums;  // (slices, d)
  int width;

  __device__ int pieces() const { return width / piece; }
  __device__ int slices() const { return slices_of(width); }
  EXTREMA_HOST_DEVICE static constexpr int slices_of(int width) {
    return width / piece >= class_threads ? 1 : class_threads / (width / piece);
  }

  __device__ void clear() const {
    for (int i = static_cast<int>(threadIdx.x); i < slices() * width; i += class_threads)
      sums[i] = W{0};
  }

  /// sums = shrink * sums + the sum of weights[j] row(j) for j in [0, count).
  template <class Row>
  __device__ void add(const W* weights, int count, W shrink, const Row& row) const {
    const int total = slices() * pieces();
    for (int i = static_cast<int>(threadIdx.x); i < total; i += class_threads) {
      const int slice = i / pieces(), column = i % pieces() * piece;
      W sum[piece] = {};
      for (int j = slice; j < count; j += slices()) {
        const auto values = load<piece>(row(j) + column);
#pragma unroll
        for (int c = 0; c < piece; ++c) sum[c] += weights[j] * static_cast<W>(values.at[c]);
      }
#pragma unroll
      for (int c = 0; c < piece; ++c) {
        W& mine = sums[slice * width + column + c];
        mine = mine * shrink + sum[c];
      }
    }
  }

  /// After a barrier: to[c] = factor times the sum of all slices.
  template <class S>
  __device__ void store(W factor, S* to) const {
    for (int c = static_cast<int>(threadIdx.x); c < width; c += class_threads) {
      W sum = 0;
      for (int slice = 0; slice < slices(); ++slice) sum += sums[slice * width + c];
      to[c] = static_cast<S>(sum * factor);
    }
  }
};

/// The query's row, Wide, in shared memory.
template <class S, class W>
__device__ void load_row(const S* from, int width, W* to) {
  for (int c = static_cast<int>(threadIdx.x); c < width; c += class_threads)
    to[c] = static_cast<W>(from[c]);
}

/// The products of a row in shared memory with pieces of another, by the lanes that share a key.
template <int piece, class S, class W>
__device__ W partial_dot(const W* row, const S* other, int width) {
  W sum = 0;
  for (int c = static_cast<int>(threadIdx.x) % lanes_a_key * piece; c < width;
       c += lanes_a_key * piece) {
    const auto values = load<piece>(other + c);
#pragma unroll
    for (int i = 0; i < piece; ++i) sum += row[c + i] * static_cast<W>(values.at[i]);
  }
  return sum;
}

/// Reads each key and value once: 2 (n + 1) d elements for 4 (n + 1) d operations. Eight lanes
/// share a key's row, then a thread a piece of the values. The softmax is rescaled every 512 keys.
template <int piece, class S, class W>
__global__ void __launch_bounds__(class_threads, 4)
    class_attention_kernel(const ops::ClassAttention<S, W> op) {
  __shared__ W p[class_keys];
  const ClassHead mine{op.sequences, op.heads, op.q.cols};
  const int thread = static_cast<int>(threadIdx.x), d = mine.width, lane = thread % warp_size;
  const W scale = W{1} / std::sqrt(static_cast<W>(d));
  W* const q = ptx::dynamic_shared<W>();     // (1, d)
  const WeightedRows<W, piece> y{q + d, d};  // (slices, d)
  load_row(mine.of(op.q, mine.s), d, q);
  y.clear();
  W top = -INFINITY, total = 0;
  for (int begin = 0; begin < mine.keys; begin += class_keys) {
    const int keys = mine.keys - begin < class_keys ? mine.keys - begin : class_keys;
    __syncthreads();
    for (int j = thread / lanes_a_key; j < (keys + 3) / 4 * 4; j += class_threads / lanes_a_key) {
      const int key = j < keys ? j : 0;
      const W score =
          key_sum(partial_dot<piece>(q, mine.of(op.k, mine.row_of(begin + key)), d)) * scale;
      if (j < keys && thread % lanes_a_key == 0) p[j] = score;
    }
    __syncthreads();
    W now = top;
    for (int j = lane; j < keys; j += warp_size) now = p[j] > now ? p[j] : now;
    now = warp_max(now);
    __syncthreads();  // all warps have seen the scores
    W sum = 0;
    for (int j = thread; j < keys; j += class_threads) {
      p[j] = std::exp(p[j] - now);
      sum += p[j];
    }
    const W shrink = std::exp(top - now);
    total = total * shrink + block_sum(sum);  // its barriers are p's, too
    y.add(p, keys, shrink, [&](int j) { return mine.of(op.v, mine.row_of(begin + j)); });
    top = now;
  }
  __syncthreads();
  y.store(W{1} / total, mine.of(op.y, mine.s));
  if (thread == 0) op.normaliser.row(mine.s)[mine.head] = top + std::log(total);
}

/// Reads q, y and grad_y, each key and value (the keys again from the cache), and writes their
/// gradients: 4 (n + 1) d elements for 10 (n + 1) d operations.
template <int piece, class S, class W>
__global__ void __launch_bounds__(class_threads, 4)
    class_attention_backward_kernel(const ops::ClassAttentionBackward<S, W> op) {
  __shared__ W grad[class_keys];  // of the scores
  const ClassHead mine{op.sequences, op.heads, op.q.cols};
  const int thread = static_cast<int>(threadIdx.x), d = mine.width;
  const W scale = W{1} / std::sqrt(static_cast<W>(d)),
          normaliser = op.normaliser.row(mine.s)[mine.head];
  W *const q = ptx::dynamic_shared<W>(), *const grad_y = q + d;  // (1, d)
  const WeightedRows<W, piece> grad_q{grad_y + d, d};            // (slices, d)
  load_row(mine.of(op.q, mine.s), d, q);
  load_row(mine.of(op.grad_y, mine.s), d, grad_y);
  grad_q.clear();
  __syncthreads();
  const W inner = key_sum(partial_dot<piece>(grad_y, mine.of(op.y, mine.s), d));
  for (int begin = 0; begin < mine.keys; begin += class_keys) {
    const int keys = mine.keys - begin < class_keys ? mine.keys - begin : class_keys;
    for (int j = thread / lanes_a_key; j < (keys + 3) / 4 * 4; j += class_threads / lanes_a_key) {
      const Index row = mine.row_of(begin + (j < keys ? j : 0));
      const W score = key_sum(partial_dot<piece>(q, mine.of(op.k, row), d)),
              grad_p = key_sum(partial_dot<piece>(grad_y, mine.of(op.v, row), d));
      if (j >= keys) continue;
      const W p = std::exp(score * scale - normaliser), grad_score = p * (grad_p - inner) * scale;
      if (thread % lanes_a_key == 0) grad[j] = grad_score;
      for (int c = thread % lanes_a_key * piece; c < d; c += lanes_a_key * piece) {
        Pack<S, piece> grad_k, grad_v;
#pragma unroll
        for (int i = 0; i < piece; ++i) {
          grad_k.at[i] = static_cast<S>(grad_score * q[c + i]);
          grad_v.at[i] = static_cast<S>(p * grad_y[c + i]);
        }
        store(mine.of(op.grad_k, row) + c, grad_k);
        store(mine.of(op.grad_v, row) + c, grad_v);
      }
    }
    __syncthreads();
    grad_q.add(grad, keys, W{1}, [&](int j) { return mine.of(op.k, mine.row_of(begin + j)); });
    __syncthreads();
  }
  grad_q.store(W{1}, mine.of(op.grad_q, mine.s));
}

/// Every row of every head begins where 16 bytes may be read.
template <class S, class... T>
bool in_pieces(Index width, Matrix<T>... matrices) {
  return width % pack_size<S> == 0 && in_packs<pack_size<S>>(matrices.data...);
}

/// Starts the kernel that reads pieces of 16 bytes, or the one that reads single elements.
template <class S, class W, class Device, class Operation, class Kernel>
void launch_class(Device& device, const Operation& op, bool wide, int rows, Kernel wide_kernel,
                  Kernel narrow_kernel) {
  const auto d = static_cast<int>(op.q.cols / op.heads);
  const int slices =
      wide ? WeightedRows<W, pack_size<S>>::slices_of(d) : WeightedRows<W, 1>::slices_of(d);
  start(device, op.name,
        {dim3(static_cast<unsigned>(op.sequences.count * op.heads)), dim3(class_threads),
         static_cast<std::size_t>((rows + slices) * d) * sizeof(W)},
        wide ? wide_kernel : narrow_kernel, op);
}

}  // namespace extrema::cuda::detail

namespace extrema::cuda {

template <class F, class P, class S, class W>
void launch(BasicDevice<F, P>& device, const ops::ClassAttention<S, W>& op) {
  detail::launch_class<S, W>(device, op, detail::in_pieces<S>(op.q.cols / op.heads, op.k, op.v), 1,
                             detail::class_attention_kernel<pack_size<S>, S, W>,
                             detail::class_attention_kernel<1, S, W>);
}

template <class F, class P, class S, class W>
void launch(BasicDevice<F, P>& device, const ops::ClassAttentionBackward<S, W>& op) {
  detail::launch_class<S, W>(
      device, op,
      detail::in_pieces<S>(op.q.cols / op.heads, op.k, op.v, op.y, op.grad_k, op.grad_v), 2,
      detail::class_attention_backward_kernel<pack_size<S>, S, W>,
      detail::class_attention_backward_kernel<1, S, W>);
}

}  // namespace extrema::cuda
