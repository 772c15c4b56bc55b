// SPDX-License-Identifier: MIT
// Which packed sequence a token belongs to.
#pragma once

#include "extrema/core/views.hpp"

namespace extrema::plain {

/// (Those that are empty own no token.)
__device__ inline Index sequence_of(const Sequences& sequences, Index token) {
  Index s = 0;
  while (sequences.offsets[s + 1] <= token) ++s;
  return s;
}

}  // namespace extrema::plain
