// SPDX-License-Identifier: MIT
// An open file of the operating system, and the errors of its calls as sentences.
#pragma once

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "extrema/core/error.hpp"

namespace extrema::io {

/// What the last failed call of the system says: "No space left on device".
inline std::string system_reason(int error = errno) {
  return std::generic_category().message(error);
}

/// Owns a file descriptor; never inherited by a child process.
class Descriptor {
 public:
  Descriptor() = default;
  /// Opens, or holds nothing and leaves the reason in errno.
  Descriptor(const std::string& path, int flags, mode_t mode = 0666)
      : fd_{::open(path.c_str(), flags | O_CLOEXEC, mode)} {}
  Descriptor(Descriptor&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (*this) ::close(fd_);
  }

  explicit operator bool() const { return fd_ >= 0; }
  int get() const { return fd_; }
  /// Some file systems report what they could not write only here. False: see errno.
  bool close() { return ::close(std::exchange(fd_, -1)) == 0; }
  /// Until the descriptor is closed, also by the process's death. False: another holds it.
  bool try_lock() const { return ::flock(fd_, LOCK_EX | LOCK_NB) == 0; }

  /// All of it, or an Error that names the file and the reason.
  void write(std::string_view bytes, const std::string& path) const {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
      if (written >= 0) bytes.remove_prefix(static_cast<std::size_t>(written));
      else if (errno != EINTR) throw Error{path, ": cannot write: ", system_reason()};
    }
  }

 private:
  int fd_ = -1;
};

}  // namespace extrema::io
