// SPDX-License-Identifier: MIT
// What is particular to computing on a GPU.
#pragma once

#include <algorithm>
#include <string>
#include <thread>

#include "extrema/cuda/cuda.cuh"
#include "settings.hpp"

namespace pretrain {

/// The host's threads read images; a run repeats bit for bit with or without --deterministic.
template <class Format, extrema::cuda::Fp32 fp32_is = extrema::cuda::Fp32::exact>
struct OnCuda {
  using Device = extrema::cuda::LtDevice<Format, fp32_is>;
  static constexpr bool has_own_memory = true;
  static constexpr const char* products =
      fp32_is == extrema::cuda::Fp32::tf32 ? "cuBLASLt, tf32" : "cuBLASLt";

  static void prepare(Device&, const Settings&) {}
  static int threads(const Device&) {
    return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  }
  static std::string name(const Device&, const Settings&) {
    cudaDeviceProp card;
    int current = 0;
    extrema::cuda::check(cudaGetDevice(&current), "cudaGetDevice");
    extrema::cuda::check(cudaGetDeviceProperties(&card, current), "cudaGetDeviceProperties");
    return card.name;
  }
  static double free_memory() {
    std::size_t free = 0, total = 0;
    extrema::cuda::check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
    return static_cast<double>(free);
  }
};

}  // namespace pretrain
