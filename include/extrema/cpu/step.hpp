// SPDX-License-Identifier: MIT
// What a step decides about itself, on the CPU.
#pragma once

#include "extrema/cpu/device.hpp"
#include "extrema/ops/step.hpp"

namespace extrema::cpu {

template <class P, class G, class H>
void launch(TeamDevice<P, G, H>&, const ops::DecideFactor& op) {
  op.decide();
}

}  // namespace extrema::cpu
