// SPDX-License-Identifier: MIT
// Included by both units, which also use the same templates of the library.
#pragma once

#include <vector>

#include "extrema/cpu/cpu.hpp"
#include "extrema/nn/linear.hpp"

/// The sum of what a layer of weights `weight` and bias 1 makes of a row of ones.
template <class Device>
float layer_sum(Device& device, extrema::Index width, float weight) {
  using namespace extrema;
  Layout layout;
  const nn::Linear linear{Path{layout}, {.in = width, .out = width}};
  std::vector<float> values(static_cast<std::size_t>(layout.size()), weight);
  for (Index i = 0; i < width; ++i) values[static_cast<std::size_t>(linear.bias.offset + i)] = 1;
  const std::vector<float> ones(static_cast<std::size_t>(width), 1);
  const Scope scope{device.workspace()};
  const auto y = linear
                     .forward(device, Weights<Device>{values.data(), values.data(), nullptr},
                              Input<Device>{ones.data(), 1, width})
                     .output;  // (1, width)
  float sum = 0;
  for (Index i = 0; i < width; ++i) sum += y.data[i];
  return sum;
}

float second_sum();
