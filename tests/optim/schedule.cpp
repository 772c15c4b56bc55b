// SPDX-License-Identifier: MIT
// Schedules against the official code's, in double.
#include "extrema/optim/schedule.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <functional>

#include "../reference.hpp"

using namespace extrema;
using namespace extrema::optim;

namespace {

/// Doubles come from the reader as 8-byte integers.
double number(const Reference& reference, const std::string& key, std::size_t i) {
  return std::bit_cast<double>(reference.integers.at(key)[i]);
}

/// The largest relative difference from out64/`name`, over the times of out64/`times` (or 0, 1, 2,
/// ...).
double worst(const Reference& reference, const std::string& name, const std::string& times,
             const std::function<double(double)>& schedule) {
  double result = 0;
  const std::size_t size = reference.integers.at("out64/" + name).size();
  for (std::size_t i = 0; i < size; ++i) {
    const double time =
        times.empty() ? static_cast<double>(i) : number(reference, "out64/" + times, i);
    const double expected = number(reference, "out64/" + name, i), got = schedule(time);
    if (got != expected) result = std::max(result, std::abs(got - expected) / std::abs(expected));
  }
  return result;
}

}  // namespace

TEST_CASE("schedules over epochs are the official ones") {
  const Reference reference{"schedules"};
  const auto check = [&](const std::string& name, const auto& schedule) {
    CAPTURE(name);
    const std::string times = name == "lr.linprobe" ? "linprobe_epoch" : "epoch";
    CHECK(worst(reference, name, times, schedule) < 1e-12);
  };
  check("lr.readme", WarmupCosine{.peak = 0.0012});
  check("lr.min_lr", WarmupCosine{.peak = 0.0012, .floor = 1e-5});
  check("lr.warm10", WarmupCosine{.peak = 0.0006, .warmup = 10});
  check("lr.nowarm", WarmupCosine{.peak = 0.0012, .warmup = 0});
  check("lr.linprobe", WarmupCosine{.peak = 1.6, .warmup = 10, .epochs = 90});
  check("ema.readme", MomentumCosine{});
  check("ema.m99", MomentumCosine{.begin = 0.99});
  check("ema.m1", MomentumCosine{.begin = 1});
  check("wd.readme", CosineDecay{});
  check("wd.up", CosineDecay{.begin = 0.04, .end = 0.4});
  check("wd.down", CosineDecay{.begin = 0.1, .end = 0.01});
  check("wd.none", CosineDecay{.begin = 0.1, .end = 0.1});
}

TEST_CASE("fine-tuning's schedules, a value per iteration") {
  const Reference reference{"schedules"};
  const auto check = [&](const std::string& name, const IterationCosine& schedule) {
    CAPTURE(name);
    CHECK(worst(reference, name, "", [&](double i) { return schedule(static_cast<Index>(i)); }) <
          1e-12);
  };
  check("lr.finetune", {.peak = 0.002, .floor = 1e-6, .warmup = 5 * 7, .iterations = 100 * 7});
  check("lr.finetune_nowarm", {.peak = 0.0005, .floor = 1e-6, .iterations = 10 * 7});
  check("wd.finetune", {.peak = 0.05, .floor = 0.2, .iterations = 10 * 7});
}

TEST_CASE("ends of the schedules") {
  const WarmupCosine rate{.peak = scaled_rate(1.5e-4, 2048), .floor = 1e-6};
  CHECK(rate(0) == 0);  // exactly, in the very first iteration
  CHECK(rate(40) == doctest::Approx(1.2e-3).epsilon(1e-15));
  CHECK(rate(300) == 1e-6);
  CHECK(rate(301) == 1e-6);  // and does not rise again
  CHECK(WarmupCosine{.warmup = 5, .epochs = 5}(5) == 0);
  CHECK(MomentumCosine{}(0) == doctest::Approx(0.996).epsilon(1e-15));
  CHECK(MomentumCosine{}(300) == 1);
  CHECK(CosineDecay{}(123.4) == 0.1);
  CHECK(IterationCosine{.peak = 3, .warmup = 1, .iterations = 4}(0) == 0);
  CHECK(IterationCosine{.peak = 3, .warmup = 1, .iterations = 4}(1) == 3);
}
