// SPDX-License-Identifier: MIT
#include "step.hpp"

#include "cases.hpp"
#include "on_cpu.hpp"

void parity::step(Report& report, const Settings& settings) {
  on_cpu(settings, [&](auto& device) { of_step::compare(device, report); });
}
