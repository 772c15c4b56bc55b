// SPDX-License-Identifier: MIT
#include "sum.hpp"

float second_sum() {
  extrema::cpu::Device device;
  return layer_sum(device, 4, 2);  // 4 (4 x 2 + 1)
}
