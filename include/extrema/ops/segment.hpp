// SPDX-License-Identifier: MIT
// How the flat store is divided for an optimiser: runs of parameters that share their rates.
#pragma once

#include "extrema/core/tensor.hpp"

namespace extrema::ops {

/// A run of the store; segments cover it in order.
struct Segment {
  Index end = 0;           // one past its last element
  double rate_scale = 1;   // of the learning rate; 0: not trained, nothing of it is touched
  double decay_scale = 1;  // of the weight decay
};

}  // namespace extrema::ops
