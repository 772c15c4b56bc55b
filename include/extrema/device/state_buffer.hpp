// SPDX-License-Identifier: MIT
// How an optimiser or a loss shows what it remembers, so that a checkpoint can hold it.
#pragma once

#include "extrema/core/device.hpp"

namespace extrema {

/// One flat buffer of a state. Names are unique within the state and stay the same from release to
/// release.
template <class Device>
struct StateBuffer {
  const char* name = "";
  WideTensor<Device> values = {};  // device memory
};

}  // namespace extrema
