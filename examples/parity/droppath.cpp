// SPDX-License-Identifier: MIT
#include "droppath.hpp"

#include "cases.hpp"
#include "on_cpu.hpp"

void parity::droppath(Report& report, const Settings& settings) {
  on_cpu(settings, [&](auto& device) { of_droppath::compare(device, report); });
}
