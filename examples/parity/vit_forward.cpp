// SPDX-License-Identifier: MIT
#include "vit_forward.hpp"

#include "cases.hpp"
#include "on_cpu.hpp"

void parity::vit_forward(Report& report, const Settings& settings) {
  on_cpu(settings, [&](auto& device) { of_vit_forward::compare(device, report); });
}
