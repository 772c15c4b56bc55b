// SPDX-License-Identifier: MIT
// A place in the source, for reports.
#pragma once

#include <string>

namespace emulator {

/// std::source_location, which clang 14 lacks. As a default argument, `here()` is the caller's.
struct Place {
  const char* file = "";
  unsigned line = 0;

  static constexpr Place here(const char* file = __builtin_FILE(),
                              unsigned line = __builtin_LINE()) {
    return {file, line};
  }
};

/// "kernel.cuh:12"
inline std::string text(const Place& place) {
  const std::string file = place.file;
  return file.substr(file.rfind('/') + 1) + ":" + std::to_string(place.line);
}

}  // namespace emulator
