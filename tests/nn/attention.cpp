// SPDX-License-Identifier: MIT
// Gradients of attention, inside sequences and from their class tokens.
#include "extrema/nn/attention.hpp"

#include <doctest/doctest.h>

#include "extrema/nn/class_attention.hpp"
#include "finite_differences.hpp"

using namespace extrema;
using finite_differences::Device, finite_differences::Rows;

TEST_CASE("Attention, over sequences of 0 to 5 tokens") {
  const finite_differences::Ragged ragged;
  for (const int heads : {1, 3}) {
    CAPTURE(heads);
    Layout layout;
    const nn::Attention layer{Path{layout}, {.width = 6, .heads = heads}};
    finite_differences::check(layout, layer, 9, 6, ragged.sequences());
  }
}

TEST_CASE("a sequence's attention does not see its neighbours") {
  Layout layout;
  const nn::Attention layer{Path{layout}, {.width = 6, .heads = 2}};
  const auto values = nn::initialise<double>(layout, 1);
  const Weights<Device> weights{values.data(), values.data()};
  auto x = finite_differences::random_numbers(9 * 6, 1);
  const finite_differences::Ragged ragged;
  Device device;
  const Scope scope{device.workspace()};
  const auto whole =
      layer.forward(device, weights, Rows{x.data(), 9, 6}, ragged.sequences()).output;
  const std::vector<std::int32_t> alone{0, 5};  // the last sequence that is not empty
  const auto part = layer
                        .forward(device, weights, Rows{x.data() + 4 * 6, 5, 6},
                                 {.offsets = alone.data(), .count = 1, .tokens = 5, .longest = 5})
                        .output;
  for (Index i = 0; i < part.size(); ++i)
    CHECK(whole.row(4)[i] == doctest::Approx(part.data[i]).epsilon(1e-14));
}

TEST_CASE("ClassAttention, of sequences of 0 to 5 tokens") {
  const finite_differences::Ragged ragged;
  for (const int heads : {1, 3}) {
    CAPTURE(heads);
    Layout layout;
    const nn::ClassAttention layer{Path{layout}, {.width = 6, .heads = heads}};
    finite_differences::Check test{
        layout, 6 + 9, 6,
        [&](Device& device, const Weights<Device>& weights, Rows u) {
          return layer.forward(device, weights, u, ragged.sequences());
        },
        [&](Device& device, const Trainable<Device>& parameters, const auto& saved,
            Matrix<double> grad_y, Gradient<double> grad_u) {
          layer.backward(device, parameters, saved, grad_y, grad_u.tensor);
        }};
    test.input = finite_differences::Input::written;
    test();
  }
}
