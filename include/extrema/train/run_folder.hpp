// SPDX-License-Identifier: MIT
// The folder that a run writes to: made, held against other runs, cleared of a killed run's scraps.
#pragma once

#include <string>

#include "extrema/io/atomic_file.hpp"
#include "extrema/io/folder_lock.hpp"

namespace extrema::train {

/// `folder / "checkpoint.safetensors"` is a path in it. An Error if it cannot be written to, or if
/// another run holds it.
class RunFolder {
 public:
  explicit RunFolder(std::string path) : path_{std::move(path)}, lock_{path_} {
    io::remove_stale_temporaries(path_);
  }

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
  io::FolderLock lock_;
};

}  // namespace extrema::train
