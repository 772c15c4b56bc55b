// SPDX-License-Identifier: MIT
// Self-attention in its plainest form, with all probabilities in memory.
// T tokens, H heads, d = D / H, L = the longest sequence's tokens
#pragma once

#include <cmath>

#include "extrema/ops/attention.hpp"
#include "linear.cuh"
#include "sequence_of.cuh"

namespace extrema::plain {

/// Token, head and sequence of row i of a matrix (T H, L).
struct Query {
  Index token, head, first, keys;
  __device__ Query(const Sequences& sequences, Index heads, Index i)
      : token{i / heads}, head{i % heads} {
    const Index s = sequence_of(sequences, token);
    first = sequences.offsets[s];
    keys = sequences.offsets[s + 1] - first;
  }
};

/// Scores (1, n) become probabilities; returns the log-sum-exp.
template <class W>
__device__ W softmax(W* scores, Index n) {
  W top = scores[0], sum = 0;
  for (Index j = 1; j < n; ++j) top = scores[j] > top ? scores[j] : top;
  for (Index j = 0; j < n; ++j) {
    scores[j] = std::exp(scores[j] - top);
    sum += scores[j];
  }
  for (Index j = 0; j < n; ++j) scores[j] /= sum;
  return top + std::log(sum);
}

/// A thread takes a query of a head.
template <class S, class W>
struct AttentionProbabilities {
  ops::Attention<S, W> op;
  Matrix<W> p;  // (T H, L)
  Index count() const { return op.y.rows * op.heads; }
  __device__ void operator()(Index i) const {
    const Query query{op.sequences, op.heads, i};
    const Index width = op.y.cols, d = width / op.heads, column = query.head * d;
    const W scale = W{1} / std::sqrt(static_cast<W>(d));
    const S* q = op.qkv.row(query.token) + column;
    for (Index j = 0; j < query.keys; ++j)
      p.row(i)[j] = scale * dot(q, op.qkv.row(query.first + j) + width + column, d);
    op.normaliser.row(query.token)[query.head] = softmax(p.row(i), query.keys);
  }
};

/// A thread takes an element of y.
template <class S, class W>
struct AttentionSums {
  ops::Attention<S, W> op;
  Matrix<const W> p;  // (T H, L)
  Index count() const { return op.y.size(); }
  __device__ void operator()(Index i) const {
    const Index width = op.y.cols, d = width / op.heads, column = i % width;
    const Index row = i / width * op.heads + column / d;
    const Query query{op.sequences, op.heads, row};
    W sum = 0;
    for (Index j = 0; j < query.keys; ++j)
      sum += p.row(row)[j] * static_cast<W>(op.qkv.row(query.first + j)[2 * width + column]);
    op.y.data[i] = static_cast<S>(sum);
  }
};

template <class Format, class S, class W>
void launch(Device<Format>& device, const ops::Attention<S, W>& op) {
  const Scope scope{device.workspace()};
  const auto p = take_as<W>(device, op.y.rows * op.heads, op.sequences.longest);
  each(device, op.name, AttentionProbabilities<S, W>{op, p});
  each(device, op.name, AttentionSums<S, W>{op, p});
}

/// The probabilities again, and the gradients of the scores, by a thread for a query of a head.
template <class S, class W>
struct AttentionScores {
  ops::AttentionBackward<S, W> op;
  Matrix<W> p, grad;  // (T H, L)
  Index count() const { return op.y.rows * op.heads; }
  __device__ void operator()(Index i) const {
    const Query query{op.sequences, op.heads, i};
    const Index t = query.token, width = op.y.cols, d = width / op.heads, column = query.head * d;
    const W scale = W{1} / std::sqrt(static_cast<W>(d));
    const S *q = op.qkv.row(t) + column, *grad_y = op.grad_y.row(t) + column;
    const W inner = dot(op.y.row(t) + column, grad_y, d);
    for (Index j = 0; j < query.keys; ++j) {
      const S *k = op.qkv.row(query.first + j) + width + column, *v = k + width;
      p.row(i)[j] = std::exp(scale * dot(q, k, d) - op.normaliser.row(t)[query.head]);
      grad.row(i)[j] = p.row(i)[j] * (dot(grad_y, v, d) - inner) * scale;
    }
  }
};

/// A thread takes an element of grad_qkv.
template <class S, class W>
struct AttentionGradients {
  ops::AttentionBackward<S, W> op;
  Matrix<const W> p, grad;  // (T H, L)
  Index count() const { return op.grad_qkv.size(); }
  __device__ void operator()(Index i) const {
    const Index width = op.y.cols, d = width / op.heads, t = i / (3 * width),
                part = i % (3 * width) / width, column = i % width;
    const Query query{op.sequences, op.heads, t * op.heads + column / d};
    const Index place = t - query.first;
    W sum = 0;
    for (Index j = 0; j < query.keys; ++j) {
      const Index other = query.first + j, mine = t * op.heads + query.head,
                  theirs = other * op.heads + query.head;
      if (part == 0) sum += grad.row(mine)[j] * at(op.qkv, other, width + column);
      if (part == 1) sum += grad.row(theirs)[place] * at(op.qkv, other, column);
      if (part == 2) sum += p.row(theirs)[place] * at(op.grad_y, other, column);
    }
    op.grad_qkv.data[i] = static_cast<S>(sum);
  }

 private:
  __device__ static W at(Matrix<const S> x, Index row, Index column) {
    return static_cast<W>(x.row(row)[column]);
  }
};

template <class Format, class S, class W>
void launch(Device<Format>& device, const ops::AttentionBackward<S, W>& op) {
  const Scope scope{device.workspace()};
  const Index rows = op.y.rows * op.heads;
  const auto p = take_as<W>(device, rows, op.sequences.longest);
  const auto grad = take_as<W>(device, rows, op.sequences.longest);
  each(device, op.name, AttentionScores<S, W>{op, p, grad});
  each(device, op.name, AttentionGradients<S, W>{op, p, grad});
}

}  // namespace extrema::plain
