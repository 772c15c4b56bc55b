// SPDX-License-Identifier: MIT
// Class attention in its plainest form, with all probabilities in memory.
// S sequences, T tokens, H heads, d = D / H, L = the longest sequence's tokens
#pragma once

#include "attention.cuh"
#include "extrema/ops/class_attention.hpp"

namespace extrema::plain {

/// Sequence and head of row i of a matrix (S H, 1+L), and where its keys stand.
struct ClassQuery {
  Index sequence, head, keys, first;
  __device__ ClassQuery(const Sequences& sequences, Index heads, Index i)
      : sequence{i / heads}, head{i % heads} {
    first = sequences.count + sequences.offsets[sequence];
    keys = 1 + sequences.offsets[sequence + 1] - sequences.offsets[sequence];
  }
  /// The class token's own key is the first.
  __device__ Index row_of(Index key) const { return key == 0 ? sequence : first + key - 1; }
};

/// A thread takes a sequence's head.
template <class S, class W>
struct ClassProbabilities {
  ops::ClassAttention<S, W> op;
  Matrix<W> p;  // (S H, 1+L)
  Index count() const { return op.q.rows * op.heads; }
  __device__ void operator()(Index i) const {
    const ClassQuery query{op.sequences, op.heads, i};
    const Index d = op.q.cols / op.heads, column = query.head * d;
    const W scale = W{1} / std::sqrt(static_cast<W>(d));
    const S* q = op.q.row(query.sequence) + column;
    for (Index j = 0; j < query.keys; ++j)
      p.row(i)[j] = scale * dot(q, op.k.row(query.row_of(j)) + column, d);
    op.normaliser.row(query.sequence)[query.head] = softmax(p.row(i), query.keys);
  }
};

/// A thread takes an element of y.
template <class S, class W>
struct ClassSums {
  ops::ClassAttention<S, W> op;
  Matrix<const W> p;  // (S H, 1+L)
  Index count() const { return op.y.size(); }
  __device__ void operator()(Index i) const {
    const Index width = op.y.cols, column = i % width;
    const Index row = i / width * op.heads + column / (width / op.heads);
    const ClassQuery query{op.sequences, op.heads, row};
    W sum = 0;
    for (Index j = 0; j < query.keys; ++j)
      sum += p.row(row)[j] * static_cast<W>(op.v.row(query.row_of(j))[column]);
    op.y.data[i] = static_cast<S>(sum);
  }
};

template <class Format, class S, class W>
void launch(Device<Format>& device, const ops::ClassAttention<S, W>& op) {
  const Scope scope{device.workspace()};
  const auto p = take_as<W>(device, op.q.rows * op.heads, 1 + op.sequences.longest);
  each(device, op.name, ClassProbabilities<S, W>{op, p});
  each(device, op.name, ClassSums<S, W>{op, p});
}

/// The probabilities again, and the gradients of the scores, by a thread for a sequence's head.
template <class S, class W>
struct ClassScores {
  ops::ClassAttentionBackward<S, W> op;
  Matrix<W> p, grad;  // (S H, 1+L)
  Index count() const { return op.q.rows * op.heads; }
  __device__ void operator()(Index i) const {
    const ClassQuery query{op.sequences, op.heads, i};
    const Index s = query.sequence, d = op.q.cols / op.heads, column = query.head * d;
    const W scale = W{1} / std::sqrt(static_cast<W>(d));
    const S *q = op.q.row(s) + column, *grad_y = op.grad_y.row(s) + column;
    const W inner = dot(op.y.row(s) + column, grad_y, d);
    for (Index j = 0; j < query.keys; ++j) {
      const S *k = op.k.row(query.row_of(j)) + column, *v = op.v.row(query.row_of(j)) + column;
      p.row(i)[j] = std::exp(scale * dot(q, k, d) - op.normaliser.row(s)[query.head]);
      grad.row(i)[j] = p.row(i)[j] * (dot(grad_y, v, d) - inner) * scale;
    }
  }
};

/// A thread takes a column of a sequence: of its query's gradient, and of all its keys' and
/// values'.
template <class S, class W>
struct ClassGradients {
  ops::ClassAttentionBackward<S, W> op;
  Matrix<const W> p, grad;  // (S H, 1+L)
  Index count() const { return op.q.size(); }
  __device__ void operator()(Index i) const {
    const Index width = op.q.cols, column = i % width;
    const Index row = i / width * op.heads + column / (width / op.heads);
    const ClassQuery query{op.sequences, op.heads, row};
    const auto q = static_cast<W>(op.q.data[i]), grad_y = static_cast<W>(op.grad_y.data[i]);
    W sum = 0;
    for (Index j = 0; j < query.keys; ++j) {
      const Index key = query.row_of(j) * width + column;
      sum += grad.row(row)[j] * static_cast<W>(op.k.data[key]);
      op.grad_k.data[key] = static_cast<S>(grad.row(row)[j] * q);
      op.grad_v.data[key] = static_cast<S>(p.row(row)[j] * grad_y);
    }
    op.grad_q.data[i] = static_cast<S>(sum);
  }
};

template <class Format, class S, class W>
void launch(Device<Format>& device, const ops::ClassAttentionBackward<S, W>& op) {
  const Scope scope{device.workspace()};
  const Index rows = op.q.rows * op.heads;
  const auto p = take_as<W>(device, rows, 1 + op.sequences.longest);
  const auto grad = take_as<W>(device, rows, 1 + op.sequences.longest);
  each(device, op.name, ClassScores<S, W>{op, p, grad});
  each(device, op.name, ClassGradients<S, W>{op, p, grad});
}

}  // namespace extrema::plain
