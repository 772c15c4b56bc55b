// SPDX-License-Identifier: MIT
// Losses, optimisers and measures of the plain backend against the CPU's.
#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "plain/against_cpu.cuh"

using namespace against_cpu;

TEST_CASE_TEMPLATE("rows on the unit sphere", Both, Fp64, Fp32) {
  Both both;
  each_size([&](Index n, Index p) {
    const auto forward = [=]<class D>(Data<D>& data) {
      return ops::NormaliseRows<Wide<D>>{
          .x = data.input(n, p), .y = data.output("y", n, p), .scale = data.output("scale", n, 1)};
    };
    CHECK(both.difference(forward, Bounds<Both>::sum_of(p)) == "");
    // The sum over a row is multiplied with y and scale: bounded, or where these are large its
    // rounding error would be too.
    const auto backward = [=]<class D>(Data<D>& data) {
      return ops::NormaliseRowsBackward<Wide<D>>{.y = data.input(n, p, compare::between(-1, 1)),
                                                 .scale = data.input(n, 1, compare::between(-2, 2)),
                                                 .grad_y = data.input(n, p),
                                                 .grad_x = data.inout("grad_x", n, p)};
    };
    CHECK(both.difference(backward, Bounds<Both>::sum_of(p)) == "");
  });
  const auto small = []<class D>(Data<D>& data) {  // shorter than epsilon, and of length 0
    return ops::NormaliseRows<Wide<D>>{.x = data.given(std::vector{1e-3, 0., 0., 0.}, 2, 2),
                                       .epsilon = 1e-2,
                                       .y = data.output("y", 2, 2),
                                       .scale = data.output("scale", 2, 1)};
  };
  CHECK(both.difference(small, Bounds<Both>::few) == "");
}

TEST_CASE_TEMPLATE("losses", Both, Fp64, Fp32) {
  Both both;
  for (const Index views : {1, 2, 5})
    for (const Index images : {1, 3, 33})
      for (const Index width : {32, 100}) {
        const Index n = views * images;
        const auto distance = [=]<class D>(Data<D>& data) {
          const auto x = data.inout("grad", n, width);
          return ops::SquaredDistance<Wide<D>>{.x = x,
                                               .target = data.input(images, width),
                                               .weight = 0.5,
                                               .loss = data.inout("loss", 1, 1),
                                               .grad = x};
        };
        CHECK(both.difference(distance, Bounds<Both>::sum_of(width)) == "");
        const auto entropy = [=]<class D>(Data<D>& data) {
          const auto logits = data.inout("grad", n, images + 4);
          return ops::CrossEntropy<Wide<D>>{.logits = logits,
                                            .targets = images,
                                            .first = 2,
                                            .temperature = 0.2,
                                            .weight = 0.4,
                                            .loss = data.inout("loss", 1, 1),
                                            .grad = logits};
        };
        // Logits up to 4 over 0.2 are exponents up to 20, rounded as such.
        CHECK(both.difference(entropy, {20 * Bounds<Both>::sum_of(images).arithmetic}) == "");
      }
}

TEST_CASE_TEMPLATE("the factor of a step's gradient", Both, Fp32) {
  Both both;
  constexpr double infinite = std::numeric_limits<double>::infinity(),
                   none = std::numeric_limits<double>::quiet_NaN();
  for (const double loss : {1., infinite, none})
    for (const double square : {0., 4., 1e-20, infinite, none})
      for (const double clip : {0., 1., 5.})
        for (const float scale : {0.f, 1.f, 1024.f}) {
          const auto decide = [=]<class D>(Data<D>& data) {
            ops::DecideFactor op{clip, data.given("outcome", std::vector{loss, square, 0.5, 0.5})};
            float* const floats = data.given("scale", std::vector{scale, 1999.f, 3.f});
            if (scale > 0) op.loss_scale = reinterpret_cast<ops::LossScale*>(floats);
            op.scalars = data.given("scalars", std::vector{0.1, 0.2, 0.3, 9., 0.});
            return op;
          };
          CHECK(both.difference(decide, Bounds<Both>::same) == "");
        }
}

namespace {

/// A store of 1000 elements in five segments: one not trained, one not decayed, one empty, and an
/// end that no segment covers.
const std::vector<ops::Segment> segments{{.end = 32},
                                         {.end = 300, .rate_scale = 0},
                                         {.end = 640, .rate_scale = 0.5, .decay_scale = 0},
                                         {.end = 640},
                                         {.end = 960, .rate_scale = 2}};
constexpr Index size = 1000;
const std::vector<ops::StepScalars> scalars{
    {.learning_rate = 0.1, .weight_decay = 0.2, .ema_momentum = 0.9, .count = 3}};

/// What all optimisers have.
template <class Operation, class D>
Operation with_store(Data<D>& data, double factor, Operation op) {
  op.values = data.inout("values", 1, size);
  op.gradients = data.input(1, size);
  op.operands = data.inout("operands", 1, size);
  op.segments = data.given(segments);
  op.segment_count = static_cast<Index>(segments.size());
  op.step = data.given(scalars);
  if (factor != 1) op.gradient_factor = data.given(std::vector{factor});
  return op;
}

}  // namespace

TEST_CASE_TEMPLATE("optimisers", Both, Fp64, Fp32, Bf16) {
  Both both;
  for (const double factor : {1., 0.3, 0.}) {
    CAPTURE(factor);
    const auto adamw = [=]<class D>(Data<D>& data) {
      auto op = with_store(data, factor, ops::AdamW<Wide<D>, Scalar<D>>{});
      op.first = data.inout("first", 1, size);
      op.second = data.inout("second", 1, size, compare::between(0, 2));
      return op;
    };
    CHECK(both.difference(adamw, Bounds<Both>::few) == "");
    for (const bool nesterov : {false, true}) {
      const auto sgd = [=]<class D>(Data<D>& data) {
        auto op = with_store(data, factor, ops::Sgd<Wide<D>, Scalar<D>>{});
        op.nesterov = nesterov;
        op.velocity = data.inout("velocity", 1, size);
        return op;
      };
      CHECK(both.difference(sgd, Bounds<Both>::few) == "");
    }
    const auto descent = [=]<class D>(Data<D>& data) {
      return with_store(data, factor, ops::Sgd<Wide<D>, Scalar<D>>{});
    };
    CHECK(both.difference(descent, Bounds<Both>::few) == "");
    const auto lars = [=]<class D>(Data<D>& data) {
      auto op = with_store(data, factor, ops::Lars<Wide<D>, Scalar<D>>{});
      op.trust = 0.1;
      op.velocity = data.inout("velocity", 1, size);
      return op;
    };
    CHECK(both.difference(lars, Bounds<Both>::sum_of(320)) == "");  // the CPU's norms are of float
  }
}

TEST_CASE_TEMPLATE("nearest", Both, Fp64, Fp32) {
  Both both;
  struct Size {
    Index queries, bank, features, neighbours;
  };
  for (const auto [q, n, p, k] :
       {Size{1, 1, 32, 1}, Size{33, 257, 48, 20}, Size{5, 600, 100, 7}, Size{0, 3, 4, 2}}) {
    const auto nearest = [=]<class D>(Data<D>& data) {
      return ops::Nearest<Wide<D>>{.x = data.input(q, p),
                                   .bank = data.input(n, p),
                                   .product = data.output("product", q, k),
                                   .index = data.output("index", q, k)};
    };
    CHECK(both.difference(nearest, Bounds<Both>::sum_of(p)) == "");
  }
  const auto ties = []<class D>(Data<D>& data) {  // and what is not a number
    const double none = std::numeric_limits<double>::quiet_NaN();
    return ops::Nearest<Wide<D>>{.x = data.given(std::vector{1.}, 1, 1),
                                 .bank = data.given(std::vector{2., none, 3., 2., 3.}, 5, 1),
                                 .product = data.inout("product", 1, 5),
                                 .index = data.output("index", 1, 5)};
  };
  CHECK(both.difference(ties, Bounds<Both>::same) == "");
}

TEST_CASE_TEMPLATE("singular values", Both, Fp64, Fp32) {
  Both both;
  for (const Index rows : {1, 9, 40})
    for (const Index cols : {1, 16, 33}) {
      const auto singular_values = [=]<class D>(Data<D>& data) {
        return ops::SingularValues<Wide<D>>{
            .x = data.input(rows, cols), .values = data.output("values", 1, std::min(rows, cols))};
      };
      // Both in double; the CPU's are roots of eigenvalues that are off by 1e-16 of the largest.
      CHECK(both.difference(singular_values, {1e-8}) == "");
    }
}
