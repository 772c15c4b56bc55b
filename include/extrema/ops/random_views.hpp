// SPDX-License-Identifier: MIT
// Views that are cut from random orders of the patches.
#pragma once

#include <cstdint>

#include "extrema/core/tensor.hpp"

namespace extrema::ops {

/// The patches of M views of B images: what mask::Disjoint (`one_order`: the views are cut one
/// behind another) and mask::Independent (each is the beginning of an order of its own) fill in on
/// the host, bit for bit. A backend may leave it to the host: the CPU's does. It runs when a batch
/// is sent, never as a part of a step, so its numbers are values.
struct RandomViews {
  static constexpr const char* name = "random_views";
  static constexpr int most_patches =
      (48 << 10) / 4;  // whose keys fit into any card's shared memory

  std::uint64_t seed = 0;
  std::uint32_t epoch = 0;
  const std::uint32_t* sample = nullptr;  // (B)
  Index images = 0;                       // B
  int patches = 0;                        // N, of the grid
  int views = 0;                          // M
  int keep = 0;                           // K <= N, of one order M K <= N
  bool one_order = true;
  std::int32_t* patch = nullptr;  // (M, B, K)
  constexpr bool valid() const {
    return keep <= patches && patches <= most_patches &&
           (!one_order || Index{views} * keep <= patches);
  }
};

}  // namespace extrema::ops
