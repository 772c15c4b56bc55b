// SPDX-License-Identifier: MIT
#include "losses.hpp"

#include "cases.hpp"
#include "on_cpu.hpp"

void parity::losses(Report& report, const Settings& settings) {
  on_cpu(settings, [&](auto& device) { of_losses::compare(device, report); });
}
