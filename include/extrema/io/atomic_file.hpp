// SPDX-License-Identifier: MIT
// A file that is replaced whole or not at all, whatever happens on the way.
#pragma once

#include <dirent.h>

#include <string>
#include <string_view>

#include "extrema/io/descriptor.hpp"
#include "extrema/io/folders.hpp"

namespace extrema::io {

inline constexpr std::string_view temporary_suffix = ".extrema-tmp";

/// Written under a temporary name in the same folder; commit() brings it to the disk and renames it
/// over the old file. Without a commit (an exception, a kill, a full disk) the old file stays as it
/// was. The temporary is locked while it is written, which tells it from one that a killed process
/// left. Every failure is an Error with the path and the system's reason.
class AtomicFile {
 public:
  explicit AtomicFile(std::string path) : path_{std::move(path)} {
    for (int n = 0; !file_; ++n) {
      temporary_ = text(path_, ".", ::getpid(), ".", n, temporary_suffix);
      file_ = Descriptor{temporary_, O_WRONLY | O_CREAT | O_EXCL};
      if (!file_ && errno != EEXIST) throw Error{path_, ": cannot be created: ", system_reason()};
    }
    file_.try_lock();
  }
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile() {
    if (!committed_) ::unlink(temporary_.c_str());
  }

  const std::string& path() const { return path_; }

  void write(std::string_view bytes) { file_.write(bytes, path_); }
  void write(const void* data, std::size_t bytes) {
    write(std::string_view{static_cast<const char*>(data), bytes});
  }

  void commit() {
    if (::fsync(file_.get()) != 0) fail("cannot be brought to the disk");
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail("cannot be replaced");
    committed_ = true;
    if (!file_.close()) fail("cannot be closed");
    const Descriptor folder{folder_of(path_), O_RDONLY | O_DIRECTORY};
    if (!folder) fail("its folder cannot be opened");
    // EINVAL: a file system that brings names to the disk in its own way
    if (::fsync(folder.get()) != 0 && errno != EINVAL) fail("its folder cannot be synchronised");
  }

 private:
  [[noreturn]] void fail(std::string_view what) const {
    throw Error{path_, ": ", what, ": ", system_reason()};
  }

  std::string path_, temporary_;
  Descriptor file_;
  bool committed_ = false;
};

/// A small file in one call.
inline void write_atomically(const std::string& path, std::string_view bytes) {
  AtomicFile file{path};
  file.write(bytes);
  file.commit();
}

/// Removes what killed processes left in a folder, and says how many files that were. Temporaries
/// that a living process writes stay.
inline int remove_stale_temporaries(const std::string& folder) {
  DIR* const entries = ::opendir(folder.c_str());
  if (!entries) throw Error{folder, ": cannot be read: ", system_reason()};
  int removed = 0;
  while (const dirent* entry = ::readdir(entries)) {
    const std::string_view name = entry->d_name;
    if (!name.ends_with(temporary_suffix)) continue;
    const std::string path = text(folder, "/", name);
    const Descriptor file{path, O_WRONLY | O_NOFOLLOW};
    if (file && file.try_lock() && ::unlink(path.c_str()) == 0) ++removed;
  }
  ::closedir(entries);
  return removed;
}

}  // namespace extrema::io
