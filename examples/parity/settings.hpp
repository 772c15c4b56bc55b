// SPDX-License-Identifier: MIT
// What the command line says: on which device the cases run, and what is printed.
#pragma once

#include <string>

namespace parity {

/// In double a deviation is the reference's own rounding; in fp32 that of training comes on top.
struct Settings {
  std::string device = "cpu";
  std::string precision = "fp64";
  std::string products = "eigen";
  bool verbose = false;
};

}  // namespace parity
