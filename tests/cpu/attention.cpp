// SPDX-License-Identifier: MIT
// Attention and class attention, forward and backward, against plain loops.
#include "naive.hpp"

using namespace naive;
using cpu::BasicDevice, cpu::EigenProducts;
using Fp64 = BasicDevice<fp64, EigenProducts>;
using Fp32 = BasicDevice<fp32, EigenProducts>;
using Bf16 = BasicDevice<bf16, EigenProducts>;

namespace {

struct Size {
  std::vector<int> lengths;
  int heads;
  Index width;  // of a head
};
const std::vector<Size> sizes{{{1}, 1, 4},           {{0, 3, 0}, 1, 5}, {{2, 0, 65, 1}, 2, 7},
                              {{12, 12, 12}, 4, 32}, {{39, 17}, 3, 64}, {{64, 5}, 1, 96},
                              {{16, 31, 33}, 2, 33}};

/// Softmax attention of one query, its keys and values given by functions of (key, column).
struct Softmax {
  std::vector<double> p;
  double normaliser = 0;
  Softmax(Index keys, const std::function<double(Index)>& score) {
    for (Index j = 0; j < keys; ++j) normaliser += std::exp(score(j));
    normaliser = std::log(normaliser);
    for (Index j = 0; j < keys; ++j) p.push_back(std::exp(score(j) - normaliser));
  }
  double operator[](Index j) const { return p[static_cast<std::size_t>(j)]; }
};

/// Scores' gradients are differences of which one part is computed from y, rounded already.
template <class S>
constexpr double cancelled() {
  return 8 * bound<S>();
}

/// The gradients of one (sequence, head) of self-attention are sums over the same probabilities.
template <class Device>
void self_attention(const Size& size) {
  using S = Scalar<Device>;
  using W = Wide<Device>;
  const Lengths lengths{size.lengths};
  const Sequences sequences = lengths.sequences();
  const Index t = sequences.tokens, d = size.width, width = d * size.heads;
  const double scale = 1 / std::sqrt(static_cast<double>(d));
  Values<S> qkv{t, 3 * width, 1, 2}, y{t, width}, grad_y{t, width, 2}, grad{t, 3 * width};
  Values<W> normaliser{t, size.heads};
  Device device;
  ops::run(device,
           ops::Attention<S, W>{qkv.view(), sequences, size.heads, y.view(), normaliser.view()});
  ops::run(device, ops::AttentionBackward<S, W>{qkv.view(), y.view(), normaliser.view(), sequences,
                                                size.heads, grad_y.view(), grad.view()});

  Values<double> y_want{t, width}, normaliser_want{t, size.heads}, grad_want{t, 3 * width};
  for (Index s = 0; s < sequences.count; ++s)
    for (Index h = 0; h < size.heads; ++h) {
      const Index first = sequences.offsets[s], n = sequences.offsets[s + 1] - first, at = h * d;
      const auto q = [&](Index i, Index c) { return qkv(first + i, at + c); };
      const auto k = [&](Index i, Index c) { return qkv(first + i, width + at + c); };
      const auto v = [&](Index i, Index c) { return qkv(first + i, 2 * width + at + c); };
      const auto g = [&](Index i, Index c) { return grad_y(first + i, at + c); };
      for (Index i = 0; i < n; ++i) {
        const Softmax p{
            n, [&](Index j) { return scale * sum(d, [&](Index c) { return q(i, c) * k(j, c); }); }};
        normaliser_want.view().row(first + i)[h] = p.normaliser;
        const auto out = [&](Index c) { return sum(n, [&](Index j) { return p[j] * v(j, c); }); };
        const double inner = sum(d, [&](Index c) { return out(c) * g(i, c); });
        for (Index c = 0; c < d; ++c) y_want.view().row(first + i)[at + c] = out(c);
        for (Index j = 0; j < n; ++j) {
          const double grad_p = sum(d, [&](Index c) { return g(i, c) * v(j, c); });
          const double grad_score = p[j] * (grad_p - inner) * scale;
          double *to_q = grad_want.view().row(first + i) + at,
                 *to_k = grad_want.view().row(first + j) + width + at;
          for (Index c = 0; c < d; ++c) {
            to_q[c] += grad_score * k(j, c);
            to_k[c] += grad_score * q(i, c);
            to_k[width + c] += p[j] * g(i, c);
          }
        }
      }
    }
  check(y.view(), y_want, "y");
  check(normaliser.view(), normaliser_want, "normaliser");
  check(grad.view(), grad_want, "grad_qkv", cancelled<S>());
}

template <class Device>
void class_attention(const Size& size) {
  using S = Scalar<Device>;
  using W = Wide<Device>;
  const Lengths lengths{size.lengths};
  const Sequences sequences = lengths.sequences();
  const Index count = sequences.count, rows = count + sequences.tokens, d = size.width,
              width = d * size.heads;
  const double scale = 1 / std::sqrt(static_cast<double>(d));
  Values<S> q{count, width, 1, 2}, k{rows, width, 2, 2}, v{rows, width, 3}, y{count, width},
      grad_y{count, width, 4}, grad_q{count, width}, grad_k{rows, width}, grad_v{rows, width};
  Values<W> normaliser{count, size.heads};
  Device device;
  ops::run(device, ops::ClassAttention<S, W>{q.view(), k.view(), v.view(), sequences, size.heads,
                                             y.view(), normaliser.view()});
  ops::run(device, ops::ClassAttentionBackward<S, W>{
                       q.view(), k.view(), v.view(), y.view(), normaliser.view(), sequences,
                       size.heads, grad_y.view(), grad_q.view(), grad_k.view(), grad_v.view()});

  Values<double> y_want{count, width}, q_want{count, width}, k_want{rows, width},
      v_want{rows, width};
  for (Index s = 0; s < count; ++s)
    for (Index h = 0; h < size.heads; ++h) {
      const Index n = sequences.offsets[s + 1] - sequences.offsets[s], at = h * d;
      const auto key = [&](Index j) { return j ? count + sequences.offsets[s] + j - 1 : s; };
      const Softmax p{n + 1, [&](Index j) {
                        return scale *
                               sum(d, [&](Index c) { return q(s, at + c) * k(key(j), at + c); });
                      }};
      const auto out = [&](Index c) {
        return sum(n + 1, [&](Index j) { return p[j] * v(key(j), at + c); });
      };
      const double inner = sum(d, [&](Index c) { return out(c) * grad_y(s, at + c); });
      for (Index c = 0; c < d; ++c) y_want.view().row(s)[at + c] = out(c);
      for (Index j = 0; j <= n; ++j) {
        const double grad_p =
            sum(d, [&](Index c) { return grad_y(s, at + c) * v(key(j), at + c); });
        const double grad_score = p[j] * (grad_p - inner) * scale;
        for (Index c = 0; c < d; ++c) {
          q_want.view().row(s)[at + c] += grad_score * k(key(j), at + c);
          k_want.view().row(key(j))[at + c] = grad_score * q(s, at + c);
          v_want.view().row(key(j))[at + c] = p[j] * grad_y(s, at + c);
        }
      }
    }
  check(y.view(), y_want, "y");
  check(grad_q.view(), q_want, "grad_q", cancelled<S>());
  check(grad_k.view(), k_want, "grad_k", cancelled<S>());
  check(grad_v.view(), v_want, "grad_v");
}

}  // namespace

TEST_CASE_TEMPLATE("self-attention", Device, Fp64, Fp32, Bf16) {
  for (const Size& size : sizes) self_attention<Device>(size);
}

TEST_CASE_TEMPLATE("class attention", Device, Fp64, Fp32, Bf16) {
  for (const Size& size : sizes) class_attention<Device>(size);
}

TEST_CASE("scores of any size neither overflow nor vanish") {
  const Lengths lengths{{3}};
  Values<float> qkv{3, 12, 1, 1e3}, y{3, 4};
  Values<float> normaliser{3, 1};
  Fp32 device;
  ops::run(device, ops::Attention<float, float>{qkv.view(), lengths.sequences(), 1, y.view(),
                                                normaliser.view()});
  for (Index t = 0; t < 3; ++t)
    for (Index i = 0; i < 4; ++i) CHECK(std::abs(y(t, i)) <= 1e3);
}
