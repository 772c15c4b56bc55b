// SPDX-License-Identifier: MIT
// Gradients of the layers that see rows alone.
#include <doctest/doctest.h>

#include "extrema/nn/gelu.hpp"
#include "extrema/nn/layer_norm.hpp"
#include "extrema/nn/linear.hpp"
#include "extrema/nn/mlp.hpp"
#include "extrema/nn/sequential.hpp"
#include "finite_differences.hpp"

using namespace extrema;
using finite_differences::check;

TEST_CASE("Linear") {
  Layout layout;
  const nn::Linear layer{Path{layout}, {.in = 5, .out = 7}};
  check(layout, layer, 4, 5);
  check(layout, layer, 1, 5);
}

TEST_CASE("Linear without rows") {
  Layout layout;
  const nn::Linear layer{Path{layout}, {.in = 5, .out = 7}};
  check(layout, layer, 0, 5);
}

TEST_CASE("LayerNorm") {
  Layout layout;
  const nn::LayerNorm layer{Path{layout}, {.width = 6, .epsilon = 1e-6}};
  check(layout, layer, 5, 6);
}

TEST_CASE("LayerNorm, whose epsilon shows") {
  Layout layout;
  const nn::LayerNorm layer{Path{layout}, {.width = 3, .epsilon = 0.5}};
  check(layout, layer, 4, 3);
}

TEST_CASE("Gelu") {
  Layout layout;
  check(layout, nn::Gelu{}, 6, 7);
}

TEST_CASE("Gelu is the erf form") {
  finite_differences::Device device;
  const Scope scope{device.workspace()};
  const double x[] = {-3, -1, -0.1, 0, 0.5, 2};
  const auto y =
      nn::Gelu{}
          .forward(device, Weights<finite_differences::Device>{}, Matrix<const double>{x, 1, 6})
          .output;
  for (int i = 0; i < 6; ++i)
    CHECK(y.data[i] ==
          doctest::Approx(x[i] * 0.5 * std::erfc(-x[i] / std::sqrt(2.))).epsilon(1e-14));
}

TEST_CASE("Mlp") {
  Layout layout;
  const nn::Mlp layer{Path{layout}, {.width = 4, .hidden = 6}};
  check(layout, layer, 5, 4);
}

TEST_CASE("Sequential") {
  Layout layout;
  const nn::Sequential<nn::Linear, nn::LayerNorm, nn::Gelu, nn::Linear> layer{
      Path{layout} / "head", {.in = 4, .out = 6}, {.width = 6}, {}, {.in = 6, .out = 3}};
  CHECK(layout.entries()[0].name == "head.0.weight");
  CHECK(layout.entries().back().name == "head.3.bias");
  check(layout, layer, 5, 4);
}
