// SPDX-License-Identifier: MIT
// The row operations of losses on the GPU against the CPU.   N rows, M targets, P features, C
// logits
#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "both.hpp"
#include "extrema/cpu/rows.hpp"
#include "extrema/cpu/transfer.hpp"
#include "extrema/cuda/rows.cuh"
#include "extrema/cuda/transfer.cuh"

namespace {

using namespace extrema;
using compare::Bound, compare::Data;

using Fp32 = Both<fp32>;

/// A sum of n terms in float: its error is a random walk, by theory 4e-8 sqrt(n) of the result's
/// size. Ten times that, as each side has its own order.
Bound sum_of(Index n) { return {4e-7 * std::sqrt(static_cast<double>(n))}; }

/// test(rows, width), with the sizes in the message. (A mean over no rows is no number, so losses
/// have one at least.)
template <class Test>
void each_size(const Test& test) {
  const auto each = [&](const std::vector<Index>& rows, const std::vector<Index>& widths) {
    for (const Index n : rows)
      for (const Index p : widths) {
        CAPTURE(n);
        CAPTURE(p);
        test(n, p);
      }
  };
  each({1, 3}, {1, 7, 32, 96, 192, 384, 768, 1000, 1024});
  each({31, 33}, {1, 7, 256});
  each({257}, {1, 96});
}

const auto normalise = [](Index n, Index p, const compare::Draw& draw = compare::normal) {
  return [=]<class D>(Data<D>& data) {
    const auto y = data.inout("y", n, p, draw);
    return ops::NormaliseRows<Wide<D>>{.x = y, .y = y, .scale = data.output("scale", n, 1)};
  };
};

const auto distance = [](Index n, Index m, Index p, bool in_place) {
  return [=]<class D>(Data<D>& data) {
    const auto grad = data.inout("grad", n, p);
    const Matrix<const Wide<D>> other = data.input(n, p);
    const Matrix<Wide<D>> written = grad;
    return ops::SquaredDistance<Wide<D>>{.x = in_place ? reading(written) : other,
                                         .target = data.input(m, p),
                                         .weight = 0.3,
                                         .loss = data.given("loss", std::vector{0.25}),
                                         .grad = written};
  };
};

struct Logits {
  Index targets = 1, first = 0;
  double temperature = 0.7;
  bool in_place = false;
  Index by = 0;  // where the view begins, after an address that any pack could have
};
const auto cross_entropy = [](Index n, Index c, Logits way) {
  return [=]<class D>(Data<D>& data) {
    using W = Wide<D>;
    const auto moved = [&]<class T>(Matrix<T> all) { return Matrix<T>{all.data + way.by, n, c}; };
    const auto grad = moved(Matrix<W>{data.inout("grad", 1, n * c + way.by)});
    const auto other = moved(Matrix<const W>{data.input(1, n * c + way.by)});
    return ops::CrossEntropy<W>{.logits = way.in_place ? reading(grad) : other,
                                .targets = way.targets,
                                .first = way.first,
                                .temperature = way.temperature,
                                .weight = 0.3,
                                .loss = data.given("loss", std::vector{0.25}),
                                .grad = grad};
  };
};

}  // namespace

TEST_CASE_TEMPLATE("normalise rows", Both, WIDE_BACKENDS) {
  Both both;
  each_size([&](Index n, Index p) { CHECK(both.difference(normalise(n, p), sum_of(p)) == ""); });
  CHECK(both.difference(normalise(0, 32), sum_of(32)) == "");
}

TEST_CASE("norms whose squares overflow or vanish, and rows of zeros") {
  Fp32 both;
  for (const double size : {1e30, 1e-30, 1e-11, 0.0}) {
    CAPTURE(size);
    const auto scaled = [=](random::Stream& random) { return size * compare::normal(random); };
    CHECK(both.difference(normalise(33, 96, scaled), sum_of(96)) == "");
  }
}

TEST_CASE_TEMPLATE("normalise rows, backward", Both, WIDE_BACKENDS) {
  Both both;
  each_size([&](Index n, Index p) {
    for (const bool accumulate : {false, true})
      for (const bool in_place : {false, true}) {
        CAPTURE(accumulate);
        CAPTURE(in_place);
        const auto backward = [=]<class D>(Data<D>& data) {
          const Matrix<Wide<D>> grad_x = data.inout("grad_x", n, p);
          const Matrix<const Wide<D>> other = data.input(n, p);
          return ops::NormaliseRowsBackward<Wide<D>>{
              .y = data.input(n, p, compare::between(-1, 1)),
              .scale = data.input(n, 1, compare::between(-1, 2)),  // some norms did not count
              .grad_y = in_place ? reading(grad_x) : other,
              .grad_x = {grad_x, accumulate}};
        };
        CHECK(both.difference(backward, sum_of(p)) == "");
      }
  });
}

TEST_CASE_TEMPLATE("squared distance", Both, WIDE_BACKENDS) {
  Both both;
  each_size([&](Index n, Index p) {
    for (const bool in_place : {false, true})
      CHECK(both.difference(distance(n, n, p, in_place), sum_of(p)) == "");
    CHECK(both.difference(distance(n, 1, p, false), sum_of(p)) == "");
    CHECK(both.difference(distance(3 * n, n, p, true), sum_of(p)) == "");
  });
}

TEST_CASE_TEMPLATE("cross-entropy", Both, WIDE_BACKENDS) {
  Both both;
  each_size([&](Index n, Index c) {
    CHECK(both.difference(cross_entropy(n, c, {}), sum_of(c)) == "");
    CHECK(both.difference(cross_entropy(n, c, {.first = c - 1, .in_place = true}), sum_of(c)) ==
          "");
  });
  for (const Index by : {1, 2, 4})
    CHECK(both.difference(cross_entropy(33, 1024, {.by = by}), sum_of(1024)) == "");
  CHECK(both.difference(cross_entropy(66, 257, {.targets = 33, .first = 200}), sum_of(257)) == "");
  CHECK(both.difference(cross_entropy(6, 5000, {.targets = 3, .first = 17}), sum_of(5000)) == "");
}

/// Where the label is all but certain, p - 1 must not be lost, nor exponentials overflow.
TEST_CASE_TEMPLATE("cross-entropy of a low temperature", Both, WIDE_BACKENDS) {
  Both both;
  CHECK(both.difference(cross_entropy(33, 96, {.temperature = 0.02}), {1e-5}) == "");
}

TEST_CASE("the same bits again, and by a graph") {
  Fp32 both;
  CHECK(both.repetition(distance(2500, 2500, 7, false)) == "");
  CHECK(both.replayed(distance(257, 257, 96, false), sum_of(96)) == "");
  CHECK(both.repetition(cross_entropy(1100, 33, {})) == "");
  CHECK(both.replayed(cross_entropy(33, 96, {}), sum_of(96)) == "");
}
