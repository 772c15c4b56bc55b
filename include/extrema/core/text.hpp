// SPDX-License-Identifier: MIT
// Sentences out of parts: what messages are made of. (std::format is not in g++ 12's library, and
// streams cost every header 0.2 s to compile.)
#pragma once

#include <concepts>
#include <cstdio>
#include <string>
#include <string_view>

namespace extrema {

namespace detail {

inline void append(std::string& to, std::string_view part) { to += part; }
inline void append(std::string& to, char part) { to += part; }
/// (A template, as a literal would rather become a bool than a string_view.)
void append(std::string& to, std::integral auto part) {
  if constexpr (std::same_as<decltype(part), bool>) to += part ? "true" : "false";
  else to += std::to_string(part);
}

/// The shortest of six significant digits: 0.8, 1e-06, 196.
inline void append(std::string& to, double part) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%g", part);
  to += digits;
}

}  // namespace detail

/// text("keeps ", 39, " of ", 196) is "keeps 39 of 196".
template <class... Parts>
std::string text(const Parts&... parts) {
  std::string result;
  (detail::append(result, parts), ...);
  return result;
}

}  // namespace extrema
