// SPDX-License-Identifier: MIT
// The version of the library (semantic versioning); CMake reads it from here.
#pragma once

#include <compare>

#define EXTREMA_VERSION_MAJOR 0
#define EXTREMA_VERSION_MINOR 1
#define EXTREMA_VERSION_PATCH 0

namespace extrema {

struct Version {
  int major = 0, minor = 0, patch = 0;

  friend constexpr auto operator<=>(const Version&, const Version&) = default;
};

/// Before 1.0, another minor version may break what is built on this one.
inline constexpr Version version{EXTREMA_VERSION_MAJOR, EXTREMA_VERSION_MINOR,
                                 EXTREMA_VERSION_PATCH};

}  // namespace extrema
