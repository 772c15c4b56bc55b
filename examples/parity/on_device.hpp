// SPDX-License-Identifier: MIT
// The devices that cases run on.
#pragma once

#include "extrema/cpu/cpu.hpp"
#ifdef EXTREMA_HAS_ONEDNN
#include "extrema/cpu/onednn.hpp"
#endif
#include "settings.hpp"

namespace parity {

/// Calls body(device) with the device that is meant. (Double has Eigen's products alone.)
template <class Body>
void on_device(const Settings& settings, const Body& body) {
  using namespace extrema;
  const auto run = [&]<class Device>(Device device) { body(device); };
  if (settings.precision == "fp64") return run(cpu::BasicDevice<fp64, cpu::EigenProducts>{});
#ifdef EXTREMA_HAS_ONEDNN
  if (settings.products == "onednn") return run(cpu::BasicDevice<fp32, cpu::OneDnn>{});
#endif
  run(cpu::BasicDevice<fp32, cpu::EigenProducts>{});
}

}  // namespace parity
