// SPDX-License-Identifier: MIT
// Layer norm and residual sums on the GPU against the CPU.   T rows, D columns
#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "both.hpp"
#include "extrema/cpu/layer_norm.hpp"
#include "extrema/cpu/residual.hpp"
#include "extrema/cpu/transfer.hpp"
#include "extrema/cuda/layer_norm.cuh"
#include "extrema/cuda/residual_norm.cuh"
#include "extrema/cuda/transfer.cuh"

namespace {

using namespace extrema;
using compare::Bound, compare::Data;

using Fp32 = Both<fp32>;
using Bf16 = Both<bf16>;
using Bf16Stream = Both<bf16_stream>;

/// A handful of roundings of 2^-24 each, which compilers may fuse.
constexpr Bound few{5e-7};
/// A sum of n terms in float: its error is a random walk, by theory 4e-8 sqrt(n) of the result's
/// size. Ten times that, as each side has its own order.
Bound sum_of(Index n) { return {4e-7 * std::sqrt(static_cast<double>(n))}; }

const std::vector<Index> widths{1, 7, 32, 96, 192, 384, 768, 1000, 1024};
/// A block takes a row, in packs or, where the width is no multiple of theirs, one by one.
const std::vector<Index> great_widths{1025, 1408, 2048, 2049, 4096};

/// Where a view begins: `by` elements after an address that any pack could have.
template <class T>
Matrix<T> moved(Matrix<T> all, Index rows, Index cols, Index by) {
  return {all.data + by, rows, cols};
}

/// test(rows, width), with the sizes in the message.
template <class Test>
void each_size(const std::vector<Index>& rows, const std::vector<Index>& cols, const Test& test) {
  for (const Index t : rows)
    for (const Index d : cols) {
      CAPTURE(t);
      CAPTURE(d);
      test(t, d);
    }
}
template <class Test>
void each_size(const Test& test) {
  each_size({0, 1, 3}, widths, test);
  each_size({31, 33}, {1, 7, 96, 384}, test);
  each_size({257}, {1, 33, 192}, test);
}

const auto layer_norm = [](Index t, Index d, Index by = 0) {
  return [=]<class D>(Data<D>& data) {
    using X = Stream<D>;
    using Y = Scalar<D>;
    return ops::LayerNorm<X, Y, Wide<D>>{
        .x = moved<const X>(data.input(1, t * d + by, compare::between(-1, 3)), t, d, by),
        .weight = data.input(1, d),
        .bias = data.input(1, d),
        .y = moved<Y>(data.inout("y", 1, t * d + by), t, d, by),
        .statistics = data.output("statistics", t, 2)};
  };
};

/// Bounds are a share of an output's size, so the only element of an output should not be a small
/// difference of great terms.
compare::Draw draw_for(Index d) { return d == 1 ? compare::between(2, 3) : compare::normal; }

struct Way {
  bool accumulate = false;
  bool in_place = false;  // where the types allow it
  Index by = 0;
};
const auto layer_norm_backward = [](Index t, Index d, Way way = {}) {
  return [=]<class D>(Data<D>& data) {
    using X = Stream<D>;
    using Y = Scalar<D>;
    const auto grad_x = moved<X>(data.inout("grad_x", 1, t * d + way.by), t, d, way.by);
    const auto draw = draw_for(d);
    Matrix<const Y> grad_y = moved<const Y>(data.input(1, t * d + way.by, draw), t, d, way.by);
    if constexpr (std::is_same_v<X, Y>)
      if (way.in_place) grad_y = grad_x;
    return ops::LayerNormBackward<X, Y, Wide<D>>{
        .x = moved<const X>(data.input(1, t * d + way.by, draw), t, d, way.by),
        .weight = data.input(1, d),
        .statistics = data.input(t, 2, compare::between(0.5, 1.5)),
        .grad_y = grad_y,
        .grad_weight = data.inout("grad_weight", 1, d, draw),
        .grad_bias = data.inout("grad_bias", 1, d, draw),
        .grad_x = {grad_x, way.accumulate}};
  };
};

struct Has {
  bool gamma = true, scale = true;
  Index by = 0;
};
const auto residual = [](Index t, Index d, Has has = {}, bool in_place = false) {
  return [=]<class D>(Data<D>& data) {
    using X = Stream<D>;
    using S = Scalar<D>;
    const auto y = moved<X>(data.inout("y", 1, t * d + has.by), t, d, has.by);
    const Matrix<const X> other = moved<const X>(data.input(1, t * d + has.by), t, d, has.by);
    ops::Residual<X, S, Wide<D>> op{
        .x = in_place ? reading(y) : other,
        .branch = moved<const S>(data.input(1, t * d + has.by), t, d, has.by),
        .y = y};
    if (has.gamma) op.gamma = data.input(1, d);
    if (has.scale) op.scale = data.input(t, 1);
    return op;
  };
};
/// The sum and the norm behind it, each as the operation alone would be.
const auto residual_norm = [](Index t, Index d, Has has = {}, bool in_place = false) {
  return [=]<class D>(Data<D>& data) {
    using X = Stream<D>;
    const auto sum = residual(t, d, has, in_place)(data);
    const ops::LayerNorm<X, Scalar<D>, Wide<D>> norm{
        .x = sum.y,
        .weight = data.input(1, d),
        .bias = data.input(1, d),
        .y = moved<Scalar<D>>(data.inout("n", 1, t * d + has.by), t, d, has.by),
        .statistics = data.output("statistics", t, 2)};
    return ops::ResidualNorm<X, Scalar<D>, Wide<D>>{sum, norm};
  };
};
const auto residual_backward = [](Index t, Index d, Has has = {}) {
  return [=]<class D>(Data<D>& data) {
    using X = Stream<D>;
    using S = Scalar<D>;
    const auto draw = draw_for(d);
    ops::ResidualBackward<X, S, Wide<D>> op{
        .grad_y = moved<const X>(data.input(1, t * d + has.by, draw), t, d, has.by),
        .grad_branch = moved<S>(data.inout("grad_branch", 1, t * d + has.by), t, d, has.by)};
    if (has.gamma) op.branch = moved<const S>(data.input(1, t * d + has.by, draw), t, d, has.by);
    if (has.gamma) op.gamma = data.input(1, d);
    if (has.gamma) op.grad_gamma = data.inout("grad_gamma", 1, d, draw);
    if (has.scale) op.scale = data.input(t, 1, draw);
    return op;
  };
};

const auto residual_norm_backward = [](Index t, Index d, bool scale, Index by = 0) {
  return [=]<class D>(Data<D>& data) {
    using X = Stream<D>;
    using S = Scalar<D>;
    const auto norm = layer_norm_backward(t, d, {.accumulate = true, .by = by})(data);
    ops::ResidualBackward<X, S, Wide<D>> sum{
        .grad_y = norm.grad_x.tensor,
        .grad_branch = moved<S>(data.inout("grad_branch", 1, t * d + by), t, d, by)};
    if (scale) sum.scale = data.input(t, 1, compare::between(0.5, 1.5));
    return ops::ResidualNormBackward<X, S, Wide<D>>{norm, sum};
  };
};

}  // namespace

TEST_CASE_TEMPLATE("layer norm", Both, ALL_BACKENDS, Bf16Stream) {
  Both both;
  each_size([&](Index t, Index d) {
    if (d > 1) CHECK(both.difference(layer_norm(t, d), sum_of(d)) == "");
    CHECK(both.difference(layer_norm_backward(t, d), sum_of(t + d)) == "");
  });
  each_size({1, 3}, great_widths, [&](Index t, Index d) {
    CHECK(both.difference(layer_norm(t, d), sum_of(d)) == "");
    CHECK(both.difference(layer_norm_backward(t, d), sum_of(t + d)) == "");
  });
}

TEST_CASE_TEMPLATE("layer norm of views that lie badly", Both, ALL_BACKENDS, Bf16Stream) {
  Both both;
  each_size({3}, {7, 32, 384, 1024, 1408}, [&](Index t, Index d) {
    for (const Index by : {1, 2, 4}) {
      CAPTURE(by);
      CHECK(both.difference(layer_norm(t, d, by), sum_of(d)) == "");
      CHECK(both.difference(layer_norm_backward(t, d, {.by = by}), sum_of(t + d)) == "");
    }
  });
}

TEST_CASE_TEMPLATE("layer norm's gradient in place, and added", Both, ALL_BACKENDS, Bf16Stream) {
  Both both;
  each_size({1, 9}, {7, 96, 768, 1000, 2048}, [&](Index t, Index d) {
    for (const Way way : {Way{.accumulate = true}, Way{.in_place = true}}) {
      CAPTURE(way.in_place);
      CHECK(both.difference(layer_norm_backward(t, d, way), sum_of(t + d)) == "");
    }
  });
}

TEST_CASE_TEMPLATE("layer norm does not lose small deviations from a great mean", Both,
                   WIDE_BACKENDS) {
  Both both;
  const auto far = []<class D>(Data<D>& data) {
    return ops::LayerNorm<Wide<D>, Wide<D>, Wide<D>>{
        .x = data.input(33, 384, [](random::Stream& random) { return 4096 + random.below(2); }),
        .weight = data.input(1, 384),
        .bias = data.input(1, 384),
        .y = data.output("y", 33, 384),
        .statistics = data.output("statistics", 33, 2)};
  };
  CHECK(both.difference(far, {1e-4}) == "");
}

TEST_CASE("layer norm refuses rows that no block can hold") {
  Fp32 both;
  CHECK_THROWS_WITH_AS(
      static_cast<void>(both.difference(layer_norm(2, 4097), few)),
      "layer_norm: a row has 4097 columns, and the CUDA backend takes at most 4096", Error);
}

TEST_CASE_TEMPLATE("residual", Both, ALL_BACKENDS, Bf16Stream) {
  Both both;
  each_size([&](Index t, Index d) {
    for (const bool gamma : {false, true})
      for (const bool scale : {false, true}) {
        CAPTURE(gamma);
        CAPTURE(scale);
        const Has has{gamma, scale};
        CHECK(both.difference(residual(t, d, has, gamma), few) == "");
        CHECK(both.difference(residual_backward(t, d, has), sum_of(t + 1)) == "");
      }
  });
}

TEST_CASE_TEMPLATE("residual of views that lie badly", Both, ALL_BACKENDS, Bf16Stream) {
  Both both;
  each_size({3, 33}, {7, 96}, [&](Index t, Index d) {
    for (const Index by : {1, 2, 4}) {
      CAPTURE(by);
      CHECK(both.difference(residual(t, d, {.by = by}), few) == "");
      CHECK(both.difference(residual_backward(t, d, {.by = by}), sum_of(t + 1)) == "");
    }
  });
}

TEST_CASE_TEMPLATE("residual and norm in one", Both, ALL_BACKENDS, Bf16Stream) {
  Both both;
  each_size({0, 1, 33}, {7, 384, 1408}, [&](Index t, Index d) {
    for (const bool gamma : {false, true})
      for (const bool scale : {false, true})
        for (const bool in_place : {false, true}) {
          CAPTURE(gamma);
          CAPTURE(scale);
          CAPTURE(in_place);
          CHECK(both.difference(residual_norm(t, d, {gamma, scale}, in_place), sum_of(d)) == "");
        }
    CHECK(both.difference(residual_norm(t, d, {.by = 2}), sum_of(d)) == "");
    for (const bool scale : {false, true})
      CHECK(both.difference(residual_norm_backward(t, d, scale), sum_of(t + d)) == "");
    CHECK(both.difference(residual_norm_backward(t, d, true, 2), sum_of(t + d)) == "");
  });
}

/// More rows than the blocks have at once, so that each has several.
TEST_CASE("sums over many rows: the same bits again, and by a graph") {
  Bf16 both;
  constexpr Index many = 9001;
  CHECK(both.difference(layer_norm_backward(many, 8), sum_of(many)) == "");
  CHECK(both.repetition(layer_norm_backward(many, 8)) == "");
  CHECK(both.replayed(layer_norm_backward(257, 96), sum_of(257)) == "");
  CHECK(both.difference(residual_backward(many, 8), sum_of(many)) == "");
  CHECK(both.repetition(residual_backward(many, 8)) == "");
  CHECK(both.replayed(residual_backward(257, 96), sum_of(257)) == "");
  CHECK(both.difference(residual_norm_backward(many, 8, true), sum_of(many)) == "");
  CHECK(both.repetition(residual_norm_backward(many, 8, true)) == "");
  CHECK(both.replayed(residual_norm_backward(257, 96, true), sum_of(257)) == "");
  CHECK(both.repetition(residual_norm(257, 96)) == "");
}
