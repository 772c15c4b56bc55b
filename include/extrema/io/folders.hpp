// SPDX-License-Identifier: MIT
// Folders: that of a file, and those that have to be made.
#pragma once

#include <sys/stat.h>

#include <cerrno>
#include <string>

#include "extrema/core/error.hpp"
#include "extrema/io/descriptor.hpp"

namespace extrema::io {

/// The folder that a file stands in: "." for a bare name.
inline std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// Makes a folder and those above it, where they are missing.
inline void make_folders(const std::string& path) {
  struct stat status = {};
  if (::stat(path.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return;
    throw Error{path, ": expected a folder, found a file of this name"};
  }
  if (const std::string above = folder_of(path); above != path) make_folders(above);
  if (::mkdir(path.c_str(), 0777) != 0 && errno != EEXIST)
    throw Error{path, ": the folder cannot be made: ", system_reason()};
}

}  // namespace extrema::io
