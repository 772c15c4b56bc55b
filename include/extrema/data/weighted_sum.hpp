// SPDX-License-Identifier: MIT
// A resized pixel is a weighted sum in fixed point, for hosts and kernels.
#pragma once

#include <cstdint>

#include "extrema/core/config.hpp"

namespace extrema::data::detail {

/// The input positions that one output position is a weighted sum of.
struct Tap {
  std::int32_t begin, count;
};

/// Of a weighted sum that began at `half`.
inline constexpr int fraction_bits = 22;
inline constexpr std::int32_t half = 1 << (fraction_bits - 1);
EXTREMA_HOST_DEVICE constexpr std::uint8_t rounded_sum(std::int32_t sum) {
  const std::int32_t value = sum >> fraction_bits;
  return static_cast<std::uint8_t>(value < 0 ? 0 : value > 255 ? 255 : value);
}

}  // namespace extrema::data::detail
