// SPDX-License-Identifier: MIT
// What is particular to computing on the CPU.
#pragma once

#ifdef _OPENMP
#include <omp.h>
#endif

#include <string>

#include "extrema/cpu/best_products.hpp"
#include "extrema/cpu/cpu.hpp"
#include "memory.hpp"
#include "settings.hpp"

namespace pretrain {

template <class Format>
struct OnCpu {
  using Device = extrema::cpu::BasicDevice<Format, extrema::cpu::BestProducts>;
  static constexpr bool has_own_memory = false;
#ifdef EXTREMA_HAS_ONEDNN
  static constexpr const char* products = "oneDNN";
#else
  static constexpr const char* products = "Eigen";
#endif

  static void prepare(Device& device, const Settings& s) {
#ifdef _OPENMP
    if (s.threads) omp_set_num_threads(*s.threads);
#else
    if (s.threads.value_or(1) != 1)
      throw extrema::Error{"--threads ", *s.threads, ": this program was built without OpenMP"};
#endif
    if (s.deterministic) device.products().determinism(extrema::cpu::Determinism::threads);
  }

  static int threads(const Device& device) { return device.threads(); }
  static std::string name(const Device& device, const Settings& s) {
    return extrema::text(extrema::cpu::instruction_set(), ", ", device.threads(), " threads",
                         s.deterministic ? ", deterministic" : "");
  }
  static double free_memory() { return pretrain::free_memory(); }
};

}  // namespace pretrain
