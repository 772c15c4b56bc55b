// SPDX-License-Identifier: MIT
// What is thrown for one image that cannot be read while the data set as a whole is sound: loaders
// skip and count it.
#pragma once

#include "extrema/core/error.hpp"

namespace extrema::data {

/// One line that names the file and the reason.
class Unreadable : public Error {
 public:
  using Error::Error;
};

}  // namespace extrema::data
