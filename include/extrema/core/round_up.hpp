// SPDX-License-Identifier: MIT
// Whole numbers rounded up, where 0 <= n and 0 < unit.
#pragma once

#include <concepts>
#include <type_traits>

#include "extrema/core/config.hpp"

namespace extrema {

/// How many units hold n.
template <std::integral T>
EXTREMA_HOST_DEVICE constexpr T divide_up(T n, std::type_identity_t<T> unit) {
  return (n + unit - 1) / unit;
}

/// The least multiple of the unit that is not below n.
template <std::integral T>
EXTREMA_HOST_DEVICE constexpr T round_up(T n, std::type_identity_t<T> unit) {
  return divide_up(n, unit) * unit;
}

}  // namespace extrema
