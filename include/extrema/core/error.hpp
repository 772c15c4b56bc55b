// SPDX-License-Identifier: MIT
// What the library throws where a configuration or a file is not as it should be.
#pragma once

#include <stdexcept>

#include "extrema/core/text.hpp"

namespace extrema {

/// One line: where, what was expected, what was found, what to do. Programs print it and exit with
/// code 2. Its parts are joined: Error{"IdxImages: ", path, ": expected ..., found ", size}.
class Error : public std::runtime_error {
 public:
  template <class... Parts>
  explicit Error(const Parts&... parts) : std::runtime_error{text(parts...)} {}
};

}  // namespace extrema
