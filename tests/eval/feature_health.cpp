// SPDX-License-Identifier: MIT
// Statistics of features whose values are known.
#include "extrema/eval/feature_health.hpp"

#include <doctest/doctest.h>

#include <array>

#include "../checked_device.hpp"

using namespace extrema;
using namespace extrema::eval;

namespace {

std::vector<float> noise(std::uint32_t sample, std::size_t size) {
  random::Stream random{9, random::Purpose::init, 0, sample};
  std::vector<float> result(size);
  for (float& x : result)  // nearly normal
    x = static_cast<float>(random.uniform() + random.uniform() + random.uniform() +
                           random.uniform() - 2);
  return result;
}

}  // namespace

TEST_CASE("deviation: 1 / sqrt(P) of an even spread, 0 of one direction, whatever the lengths") {
  const std::array<float, 6> same{1, 2, 10, 20, 0.5, 1};
  CHECK(feature_deviation({same.data(), 3, 2}) < 1e-8);
  const std::array<float, 8> axes{1, 0, -3, 0, 0, 5, 0, -7};  // mean 0, each axis twice
  CHECK(feature_deviation({axes.data(), 4, 2}) == doctest::Approx(std::sqrt(0.5)));
  const auto x = noise(0, 2000 * 64);
  CHECK(feature_deviation({x.data(), 2000, 64}) == doctest::Approx(1 / 8.).epsilon(0.01));
  CHECK_THROWS_AS(feature_deviation({}), Error);
}

TEST_CASE("cosine of rows") {
  const std::array<float, 6> a{1, 0, 2, 2, 0, 0}, b{5, 0, -1, -1, 1, 1};
  CHECK(mean_cosine({a.data(), 1, 2}, {b.data(), 1, 2}) == 1);
  CHECK(mean_cosine({a.data(), 3, 2}, {b.data(), 3, 2}) == doctest::Approx((1 - 1 + 0) / 3.));
  CHECK(mean_cosine({a.data(), 3, 2}, {a.data(), 3, 2}) == doctest::Approx(2 / 3.));
  CHECK_THROWS_AS(mean_cosine({a.data(), 3, 2}, {b.data(), 2, 3}), Error);
}

TEST_CASE_TEMPLATE("effective rank", Device, cpu::Device, CheckedDevice<fp64>) {
  Device device;
  const auto rank = [&](const std::vector<float>& x, Index rows, Index cols) {
    return effective_rank(device, {x.data(), rows, cols});
  };
  CHECK(rank({3, 0, 0, 0, 3, 0, 0, 0, 3}, 3, 3) == doctest::Approx(3));
  CHECK(rank({3, 0, 0, 0, -3, 0}, 2, 3) == doctest::Approx(2));
  CHECK(rank({1, 2, 2, 4, 3, 6}, 3, 2) == doctest::Approx(1).epsilon(1e-6));
  CHECK(rank({0, 0, 0, 0}, 2, 2) == 0);
  // singular values 3 and 1: shares 3/4 and 1/4
  CHECK(rank({3, 0, 0, 1, 0, 0}, 3, 2) ==
        doctest::Approx(std::exp(-0.75 * std::log(0.75) - 0.25 * std::log(0.25))));
  const auto x = noise(1, 600 * 40), few = noise(2, 600 * 3), mix = noise(3, 3 * 40);
  CHECK(rank(x, 600, 40) > 38);
  std::vector<float> low(600 * 40);  // 40 dimensions, of which 3 are used
  for (std::size_t i = 0; i < 600; ++i)
    for (std::size_t j = 0; j < 40; ++j)
      for (std::size_t k = 0; k < 3; ++k) low[i * 40 + j] += few[i * 3 + k] * mix[k * 40 + j];
  CHECK(rank(low, 600, 40) < 3.01);
  CHECK(rank(low, 600, 40) > 2.5);
}
