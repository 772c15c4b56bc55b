// SPDX-License-Identifier: MIT
// The most resident memory of this process since it was last asked to forget (Linux).
#pragma once

#include <malloc.h>

#include <fstream>
#include <string>

namespace bench {

/// What earlier benchmarks freed goes back to the system, and the high-water mark begins anew.
inline void forget_peak_memory() {
  malloc_trim(0);
  std::ofstream{"/proc/self/clear_refs"} << 5;
}

/// In MB (10^6 bytes).
inline double peak_memory() {
  std::ifstream status{"/proc/self/status"};
  for (std::string word; status >> word;)
    if (word == "VmHWM:") {
      double kib = 0;
      status >> kib;
      return kib * 1024 / 1e6;
    }
  return 0;
}

}  // namespace bench
