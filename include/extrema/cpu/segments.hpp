// SPDX-License-Identifier: MIT
// The walk over the segments of a store that all optimisers share.
#pragma once

#include "extrema/cpu/flat.hpp"
#include "extrema/ops/segment.hpp"

namespace extrema::cpu {

/// body(begin, segment) for each segment that is trained and not empty.
template <class Operation, class Body>
void for_each_segment(const Operation& op, const Body& body) {
  Index begin = 0;
  for (Index i = 0; i < op.segment_count; ++i) {
    const ops::Segment segment = op.segments[i];
    if (segment.rate_scale != 0 && segment.end > begin) body(begin, segment);
    begin = segment.end;
  }
}

}  // namespace extrema::cpu
