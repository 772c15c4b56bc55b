// SPDX-License-Identifier: MIT
// A folder that a test may fill, and what tests of files need: whole files, messages of errors.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "extrema/core/error.hpp"

struct TemporaryFolder {
  std::string path;

  TemporaryFolder() : path{(std::filesystem::temp_directory_path() / "extrema-XXXXXX").string()} {
    if (!::mkdtemp(path.data())) throw extrema::Error{"no temporary folder ", path};
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path); }

  std::string operator/(const std::string& name) const { return path + "/" + name; }
  std::ptrdiff_t files() const {
    return std::distance(std::filesystem::directory_iterator{path}, {});
  }
};

inline std::string read_file(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

inline void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream{path, std::ios::binary} << bytes;
}

/// What the Error says that `f` throws, or nothing.
inline std::string message(auto&& f) {
  try {
    f();
  } catch (const extrema::Error& error) {
    return error.what();
  }
  return "";
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != text.npos;
}
