// SPDX-License-Identifier: MIT
// What a type is called in its source.
#pragma once

#include <cxxabi.h>

#include <cstdlib>
#include <string>
#include <typeinfo>

namespace extrema {

/// "extrema::mask::Disjoint": the same by every compiler of this ABI.
template <class T>
std::string type_name() {
  int failed = 0;
  char* const readable = abi::__cxa_demangle(typeid(T).name(), nullptr, nullptr, &failed);
  std::string result = failed == 0 ? readable : typeid(T).name();
  std::free(readable);
  return result;
}

}  // namespace extrema
