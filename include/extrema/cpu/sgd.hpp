// SPDX-License-Identifier: MIT
// SGD on the CPU, with the rounding order of PyTorch's single-tensor version.
#pragma once

#include "extrema/cpu/segments.hpp"
#include "extrema/ops/sgd.hpp"

namespace extrema::cpu {

template <class P, class G, class H, class W, class S>
void launch(TeamDevice<P, G, H>& device, const ops::Sgd<W, S>& op) {
  const double factor = op.gradient_factor ? *op.gradient_factor : 1;
  if (factor == 0) return;
  const auto scale = static_cast<W>(factor), momentum = static_cast<W>(op.momentum);
  for_each_segment(op, [&](Index begin, const ops::Segment& segment) {
    const auto decay = static_cast<W>(op.step->weight_decay * segment.decay_scale);
    const auto rate = static_cast<W>(op.step->learning_rate * segment.rate_scale);
    parallel_runs(device, segment.end - begin, flat_run, [&](Index first, Index count, int) {
      const auto at = [&](auto matrix) { return row(matrix.data + begin + first, count); };
      auto value = at(op.values);
      const auto gradient = at(op.gradients) * scale + value * decay;
      if (op.velocity.empty()) {
        value -= gradient * rate;
      } else {
        auto velocity = at(op.velocity);
        velocity = velocity * momentum + gradient;
        if (op.nesterov) value -= (gradient + velocity * momentum) * rate;
        else value -= velocity * rate;
      }
      if (!op.operands.empty()) convert(value.data(), count, op.operands.data + begin + first);
    });
  });
}

}  // namespace extrema::cpu
