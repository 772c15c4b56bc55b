// SPDX-License-Identifier: MIT
// The pixels' part of augmentation: crop, resize, flip and colour as a loader has planned them.
#pragma once

#include <cstdint>

#include "extrema/core/grid.hpp"

namespace extrema::ops {

/// Bits are those of the loader's own work (data/pair.hpp). A backend may leave it to the loader:
/// the CPU's does.
struct Augment {
  static constexpr const char* name = "augment";
  const std::uint8_t* plans = nullptr;  // data/pair_plan.hpp, each aligned to 16 bytes
  const Index* at = nullptr;            // (B)  where each begins among them
  Index count = 0;                      // B
  ImageExtent extent;
  std::uint8_t* student = nullptr;  // (B, C, H, W)
  std::uint8_t* teacher = nullptr;  // (B, C, H, W); null: the two share one image
  constexpr bool valid() const { return (plans && at && student) || count == 0; }
};

}  // namespace extrema::ops
