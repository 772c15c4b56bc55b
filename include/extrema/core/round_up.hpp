// SPDX-License-Identifier: MIT
// Whole numbers rounded up, where 0 <= n and 0 < unit.
#pragma once

#include <concepts>

#include "extrema/core/config.hpp"

namespace extrema {

/// How many units hold n.
template <std::integral N, std::integral Unit>
EXTREMA_HOST_DEVICE constexpr auto divide_up(N n, Unit unit) {
  return (n + unit - 1) / unit;
}

/// The least multiple of the unit that is not below n.
template <std::integral N, std::integral Unit>
EXTREMA_HOST_DEVICE constexpr auto round_up(N n, Unit unit) {
  return divide_up(n, unit) * unit;
}

}  // namespace extrema
