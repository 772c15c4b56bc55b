// SPDX-License-Identifier: MIT
// What a run has left in a folder makes way for another run's, and is not lost.
#pragma once

#include <algorithm>
#include <concepts>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "extrema/core/error.hpp"
#include "extrema/io/folders.hpp"

namespace extrema::train {

/// Moves the files whose names are `wanted` into the first of folder/replaced-1, replaced-2, ...
/// that has none of them: the path of that; empty where there are none. Throws Error where one
/// cannot be moved.
template <std::predicate<std::string_view> Wanted>
std::string set_aside(const std::string& folder, const Wanted& wanted) {
  namespace fs = std::filesystem;
  const auto names_in = [&](const std::string& path) {
    std::error_code missing;
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator{path, missing})
      if (std::string name = entry.path().filename().string(); wanted(name))
        names.push_back(std::move(name));
    return names;
  };
  const std::vector<std::string> names = names_in(folder);
  if (names.empty()) return {};
  std::string aside;
  int number = 0;
  do aside = text(folder, "/replaced-", ++number);
  while (!names_in(aside).empty());
  io::make_folders(aside);
  for (const std::string& name : names) {
    std::error_code error;
    fs::rename(folder + "/" + name, aside + "/" + name, error);
    if (error)
      throw Error{folder, "/", name, ": cannot be set aside in ", aside, ": ", error.message()};
  }
  return aside;
}

}  // namespace extrema::train
