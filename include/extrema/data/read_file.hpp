// SPDX-License-Identifier: MIT
// Reads a whole file into memory that is kept for the next one.
#pragma once

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>
#include <vector>

#include "extrema/data/unreadable.hpp"

namespace extrema::data {

/// Throws Unreadable with the reason alone.
inline void read_file(const std::filesystem::path& path, std::vector<std::uint8_t>& bytes) {
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  const std::unique_ptr<std::FILE, Close> file{std::fopen(path.c_str(), "rb")};
  if (!file) throw Unreadable{"cannot be opened: ", std::strerror(errno)};
  std::setvbuf(file.get(), nullptr, _IONBF, 0);
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error) throw Unreadable{"cannot be read: ", error.message()};
  bytes.resize(size);
  if (std::fread(bytes.data(), 1, size, file.get()) != size)
    throw Unreadable{"cannot be read whole"};
}

}  // namespace extrema::data
