// SPDX-License-Identifier: MIT
// The loss scale of half precision: how it adapts, and that a step's result does not depend on it.
#include <doctest/doctest.h>

#include <limits>

#include "extrema/cpu/gemm.hpp"
#include "extrema/cpu/step.hpp"
#include "extrema/ops/run.hpp"

using namespace extrema;

namespace {

struct Found {
  ops::StepOutcome outcome;
  ops::LossScale scale;
};

Found decide(double clip, ops::StepOutcome outcome, ops::LossScale scale) {
  cpu::Device device;
  ops::run(device, ops::DecideFactor{clip, &outcome, &scale});
  return {outcome, scale};
}

constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

TEST_CASE("the norm is the unscaled gradient's, and the factor takes the scale back") {
  const auto of = [](double clip) {
    return decide(clip, {.loss = 1, .squared_gradient_norm = 9. * 1024 * 1024}, {.factor = 1024});
  };
  CHECK(of(0).outcome.squared_gradient_norm == 9);
  CHECK(of(0).outcome.gradient_factor == 1. / 1024);
  CHECK(of(0).outcome.loss_scale == 1024);
  CHECK(of(1.5).outcome.gradient_factor == 1.5 / (3 + 1e-6) / 1024);
}

TEST_CASE("it is halved by a gradient that is not finite, which changes nothing else") {
  const Found found =
      decide(0, {.loss = 1, .squared_gradient_norm = infinity}, {.factor = 1024, .steps = 77});
  CHECK(found.outcome.gradient_factor == 0);
  CHECK(found.scale.factor == 512);
  CHECK(found.scale.steps == 0);
  CHECK(decide(0, {.squared_gradient_norm = infinity}, {.factor = 1}).scale.factor == 1);
}

TEST_CASE("skipped steps are not counted as the optimiser's") {
  cpu::Device device;
  ops::LossScale scale;
  const auto count_of = [&](double count, double square) {
    ops::StepOutcome outcome{.loss = 1, .squared_gradient_norm = square};
    ops::StepScalars scalars{.count = count};
    ops::run(device, ops::DecideFactor{0, &outcome, &scale, &scalars});
    return scalars.count;
  };
  CHECK(count_of(1, 1) == 1);
  count_of(2, infinity);
  count_of(3, infinity);
  CHECK(count_of(4, 1) == 2);
  CHECK(scale.skipped == 2);
}

TEST_CASE("it is doubled after 2000 good steps, up to 2^24") {
  ops::LossScale scale;
  CHECK(scale.factor == 65536);
  for (int i = 0; i < 1999; ++i) scale.adapt(true);
  CHECK(scale.factor == 65536);
  scale.adapt(true);
  CHECK(scale.factor == 131072);
  CHECK(scale.steps == 0);
  for (int i = 0; i < 20000; ++i) scale.adapt(true);
  CHECK(scale.factor == 0x1p24f);
}
