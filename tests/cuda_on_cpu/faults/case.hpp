// SPDX-License-Identifier: MIT
// A small piece of GPU code that is right, or has one mistake in it.
#pragma once

#include <cuda_runtime.h>

#include <cmath>
#include <vector>

#include "extrema/core/device.hpp"
#include "extrema/cuda/device.cuh"
#include "extrema/cuda/launch.cuh"
#include "extrema/cuda/reduce.cuh"

namespace faults {

/// `run(false)` is right and gives true. `run(true)` makes the mistake that the name says: that is
/// reported while it runs, or the numbers are wrong, and it gives false.
struct Case {
  const char* name;
  bool (*run)(bool broken);
};

std::vector<Case> of_barriers();
std::vector<Case> of_warps();
std::vector<Case> of_memory();
std::vector<Case> of_host();
std::vector<Case> of_tensor_cores();
std::vector<Case> of_products();
std::vector<Case> of_ranks();

struct NoProducts {};
using Device = extrema::cuda::BasicDevice<extrema::fp32, NoProducts>;
using extrema::cuda::LaunchShape;
using extrema::cuda::start;

/// Device memory with these values, and what it holds when all before is done.
template <class T>
class Values {
 public:
  explicit Values(const std::vector<T>& values)
      : memory_{static_cast<extrema::Index>(values.size())} {
    cudaMemcpy(memory_.data(), values.data(), bytes(), cudaMemcpyHostToDevice);
  }
  T* data() const { return memory_.data(); }
  std::vector<T> get(Device& device) const {
    device.synchronise();
    std::vector<T> values(static_cast<std::size_t>(memory_.size()));
    cudaMemcpy(values.data(), memory_.data(), bytes(), cudaMemcpyDeviceToHost);
    return values;
  }

 private:
  std::size_t bytes() const { return static_cast<std::size_t>(memory_.size()) * sizeof(T); }
  extrema::Buffer<T, extrema::cuda::Memory> memory_;
};

/// 1, 2, 3, ...
inline std::vector<float> counting(int count) {
  std::vector<float> values;
  for (int i = 1; i <= count; ++i) values.push_back(static_cast<float>(i));
  return values;
}

inline bool near(double found, double expected) {
  return std::abs(found - expected) <= 1e-5 * (1 + std::abs(expected));  // false for NaN
}

}  // namespace faults
