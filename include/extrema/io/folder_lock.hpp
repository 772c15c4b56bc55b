// SPDX-License-Identifier: MIT
// One run at a time in an output folder.
#pragma once

#include <string>

#include "extrema/io/descriptor.hpp"
#include "extrema/io/folders.hpp"

namespace extrema::io {

/// Holds a folder, which is made if it is missing, against other processes. The kernel lets it go
/// when the process ends, however it ends; the file `.lock` that stays behind means nothing.
class FolderLock {
 public:
  explicit FolderLock(const std::string& folder) {
    make_folders(folder);
    const std::string path = folder + "/.lock";
    file_ = Descriptor{path, O_RDWR | O_CREAT};
    if (!file_) throw Error{folder, ": cannot be written to: ", system_reason()};
    if (!file_.try_lock()) {
      if (errno != EWOULDBLOCK) throw Error{path, ": cannot be locked: ", system_reason()};
      throw Error{folder, ": is in use by process ", holder(),
                  "; wait for it to end, or choose another folder"};
    }
    if (::ftruncate(file_.get(), 0) != 0) throw Error{path, ": ", system_reason()};
    file_.write(std::to_string(::getpid()), path);
  }

 private:
  std::string holder() const {
    char digits[32];
    const ssize_t size = ::pread(file_.get(), digits, sizeof digits, 0);
    return size > 0 ? std::string{digits, static_cast<std::size_t>(size)} : "unknown";
  }

  Descriptor file_;
};

}  // namespace extrema::io
