// SPDX-License-Identifier: MIT
// A file's bytes, to read: the system loads what is looked at, and nothing is copied.
#pragma once

#include <sys/mman.h>

#include <string>
#include <string_view>
#include <utility>

#include "extrema/io/descriptor.hpp"

namespace extrema::io {

/// A file that is cut short while it is mapped kills the process, as any mapping does: what extrema
/// writes is replaced whole (io/atomic_file.hpp), never shortened.
class MappedFile {
 public:
  explicit MappedFile(std::string path) : path_{std::move(path)} {
    const Descriptor file{path_, O_RDONLY};
    if (!file) throw Error{path_, ": cannot be opened: ", system_reason()};
    struct stat status = {};
    if (::fstat(file.get(), &status) != 0) throw Error{path_, ": ", system_reason()};
    if (!S_ISREG(status.st_mode)) throw Error{path_, ": expected a file, found a folder or device"};
    size_ = static_cast<std::size_t>(status.st_size);
    if (size_ == 0) return;  // nothing can be mapped
    void* const data = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (data == MAP_FAILED) throw Error{path_, ": cannot be mapped: ", system_reason()};
    data_ = static_cast<const char*>(data);
  }
  MappedFile(MappedFile&& other) noexcept
      : path_{std::move(other.path_)},
        data_{std::exchange(other.data_, nullptr)},
        size_{std::exchange(other.size_, 0)} {}
  MappedFile& operator=(MappedFile&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~MappedFile() {
    if (data_) ::munmap(const_cast<char*>(data_), size_);
  }

  const std::string& path() const { return path_; }
  std::string_view bytes() const { return {data_, size_}; }

 private:
  std::string path_;
  const char* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace extrema::io
