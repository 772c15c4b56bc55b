// SPDX-License-Identifier: MIT
// For a program that computes on one device: extrema::Device is a GPU's. Include
// <extrema/on_cpu.hpp> in its place for the CPU.
#pragma once

#include "extrema/cuda/cuda.cuh"

namespace extrema {

using Device = cuda::Device;

}  // namespace extrema
