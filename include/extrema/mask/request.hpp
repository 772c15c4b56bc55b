// SPDX-License-Identifier: MIT
// What a masking policy is asked, for the views of one image.   N patches of the grid
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "extrema/core/error.hpp"
#include "extrema/core/grid.hpp"
#include "extrema/core/random.hpp"

namespace extrema::mask {

/// What a policy may look at, and what it may use: a policy allocates nothing. The stream is a
/// reference, so that a policy draws from the request that it is given as const.
struct Request {
  Grid grid;
  random::Stream& random;                // this image's, in this epoch
  double progress = 0;                   // of the training, in [0, 1)
  std::span<std::int32_t> scratch = {};  // to use freely, of any content: see scratch_size()

  /// Explicit random keys instead of the stream's, N for each order that a policy draws (see
  /// RandomOrder): how a reference's noise passes through the code that trains.
  std::span<const std::uint32_t> keys = {};

  // What may be known of each patch of this image; empty where the trainer has none (see Needs).
  std::span<const float> attention = {};    // (N) the teacher's class attention
  std::span<const std::int32_t> part = {};  // (N) the part of the scene that the patch belongs to
  std::span<const float> loss = {};         // (N) how hard the patch was to predict
};

/// The first `count` numbers of a request's scratch; throws Error if it has fewer.
inline std::span<std::int32_t> take_scratch(const Request& request, Index count) {
  if (std::ssize(request.scratch) < count)
    throw Error{"mask: the policy needs ", count, " numbers of scratch, found ",
                request.scratch.size(), ": give it as many as mask::scratch_size says"};
  return request.scratch.first(static_cast<std::size_t>(count));
}

/// The inputs without which a policy cannot work: `mask::Needs needs() const`.
struct Needs {
  bool attention = false;
  bool part = false;
  bool loss = false;
};

}  // namespace extrema::mask
