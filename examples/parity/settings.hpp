// SPDX-License-Identifier: MIT
// What the command line says: on which device the cases run, and what is printed.
#pragma once

#include <string>

namespace parity {

struct Settings {
  std::string device = "cpu";
  std::string precision = "fp32";
#ifdef EXTREMA_HAS_ONEDNN
  std::string products = "onednn";
#else
  std::string products = "eigen";
#endif
  bool verbose = false;
};

}  // namespace parity
