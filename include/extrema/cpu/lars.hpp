// SPDX-License-Identifier: MIT
// LARS on the CPU. Norms are sums of runs of a fixed length, added in order in double, so they do
// not depend on the number of threads.
#pragma once

#include <cmath>

#include "extrema/core/round_up.hpp"
#include "extrema/cpu/segments.hpp"
#include "extrema/ops/lars.hpp"

namespace extrema::cpu {

namespace detail {

/// |value| / |g| of one parameter; 0 where either is 0.
template <class Device, class W>
double norm_ratio(Device& device, const W* values, const W* gradients, W scale, W decay,
                  Index size) {
  const Scope scope{device.workspace()};
  const Index runs = divide_up(size, flat_run);
  const auto sums = take_as<double>(device, runs, 2);
  parallel_runs(device, size, flat_run, [&](Index first, Index count, int) {
    const auto value = row(values + first, count), gradient = row(gradients + first, count);
    double* sum = sums.row(first / flat_run);
    sum[0] = static_cast<double>(value.square().sum());
    sum[1] = static_cast<double>((gradient * scale + value * decay).square().sum());
  });
  double of_values = 0, of_step = 0;
  for (Index i = 0; i < runs; ++i) {
    of_values += sums.row(i)[0];
    of_step += sums.row(i)[1];
  }
  return of_values > 0 && of_step > 0 ? std::sqrt(of_values / of_step) : 0;
}

}  // namespace detail

template <class P, class G, class H, class W, class S>
void launch(TeamDevice<P, G, H>& device, const ops::Lars<W, S>& op) {
  const double factor = op.gradient_factor ? *op.gradient_factor : 1;
  if (factor == 0) return;
  const auto scale = static_cast<W>(factor), momentum = static_cast<W>(op.momentum);
  for_each_segment(op, [&](Index begin, const ops::Segment& segment) {
    const Index size = segment.end - begin;
    const auto decay = static_cast<W>(op.step->weight_decay * segment.decay_scale);
    const auto rate = static_cast<W>(op.step->learning_rate * segment.rate_scale);
    const double ratio = segment.decay_scale != 0
                             ? detail::norm_ratio(device, reading(op.values).data + begin,
                                                  op.gradients.data + begin, scale, decay, size)
                             : 0;
    const auto length = static_cast<W>(ratio > 0 ? op.trust * ratio : 1);
    parallel_runs(device, size, flat_run, [&](Index first, Index count, int) {
      const auto at = [&](auto matrix) { return row(matrix.data + begin + first, count); };
      auto value = at(op.values), velocity = at(op.velocity);
      velocity = velocity * momentum + (at(op.gradients) * scale + value * decay) * length;
      value -= velocity * rate;
      if (!op.operands.empty()) convert(value.data(), count, op.operands.data + begin + first);
    });
  });
}

}  // namespace extrema::cpu
