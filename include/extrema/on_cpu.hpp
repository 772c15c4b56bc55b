// SPDX-License-Identifier: MIT
// For a program that computes on one device: extrema::Device is the CPU's. Include
// <extrema/on_cuda.cuh> in its place for a GPU.
#pragma once

#include "extrema/cpu/cpu.hpp"

namespace extrema {

using Device = cpu::Device;

}  // namespace extrema
