// SPDX-License-Identifier: MIT
// The devices of the CPU that cases run on.
#pragma once

#include "extrema/core/error.hpp"
#include "extrema/cpu/cpu.hpp"
#include "extrema/cpu/gemm.hpp"
#ifdef EXTREMA_HAS_ONEDNN
#include "extrema/cpu/onednn.hpp"
#endif
#include "settings.hpp"

namespace parity {

/// Calls body(device) with the device that is meant.
template <class Body>
void on_cpu(const Settings& settings, const Body& body) {
  using namespace extrema;
  const auto run = [&]<class Device>(Device device) { body(device); };
  if (settings.precision == "fp64" && settings.products == "eigen")
    return run(cpu::BasicDevice<fp64, cpu::EigenProducts>{});
  if (settings.precision == "fp32" && settings.products == "eigen")
    return run(cpu::BasicDevice<fp32, cpu::EigenProducts>{});
#ifdef EXTREMA_HAS_ONEDNN
  if (settings.precision == "fp32" && settings.products == "onednn")
    return run(cpu::BasicDevice<fp32, cpu::OneDnn>{});
#endif
  throw Error{"no device multiplies by ", settings.products, " in ", settings.precision};
}

}  // namespace parity
