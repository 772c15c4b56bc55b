// SPDX-License-Identifier: MIT
#include <cstdio>

#include "extrema/mask/disjoint.hpp"
#include "extrema/version.hpp"
#include "sum.hpp"

int main() {
  extrema::cpu::Device device;
  const float first = layer_sum(device, 2, 3);  // 2 (2 x 3 + 1)
  const int kept = extrema::mask::Disjoint{}.keep({14, 14});
  std::printf("extrema %d.%d: %g, %g, %d of 196 patches\n", extrema::version.major,
              extrema::version.minor, static_cast<double>(first), static_cast<double>(second_sum()),
              kept);
  return first == 14 && second_sum() == 36 && kept == 39 ? 0 : 1;
}
