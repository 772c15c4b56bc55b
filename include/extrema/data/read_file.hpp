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

/// A larger file is no image: it is refused before memory is taken.
inline constexpr std::uintmax_t most_file_bytes = std::uintmax_t{1} << 30;

/// Regular files only, as a pipe would be waited for. Throws Unreadable with the reason alone.
inline void read_file(const std::filesystem::path& path, std::vector<std::uint8_t>& bytes) {
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!error && !std::filesystem::is_regular_file(status))
    throw Unreadable{"expected a regular file, found a folder, a pipe or a device"};
  const std::unique_ptr<std::FILE, Close> file{std::fopen(path.c_str(), "rb")};
  if (!file) throw Unreadable{"cannot be opened: ", std::strerror(errno)};
  std::setvbuf(file.get(), nullptr, _IONBF, 0);
  const auto size = std::filesystem::file_size(path, error);
  if (error) throw Unreadable{"cannot be read: ", error.message()};
  if (size > most_file_bytes)
    throw Unreadable{size, " bytes are more than the limit of ", most_file_bytes};
  bytes.resize(size);
  if (std::fread(bytes.data(), 1, size, file.get()) != size)
    throw Unreadable{"cannot be read whole"};
}

}  // namespace extrema::data
