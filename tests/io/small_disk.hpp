// SPDX-License-Identifier: MIT
// A disk that is soon full. It takes root, or a kernel that lets users have namespaces of their
// own.
#pragma once

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "temporary_folder.hpp"

/// Lies over a folder until its end, which sees no more of it. Where it cannot be mounted it says
/// so, by which ctest takes the test as skipped.
class SmallDisk {
 public:
  SmallDisk(std::string folder, std::uintmax_t bytes) : folder_{std::move(folder)} {
    const std::string size = "size=" + std::to_string(bytes);
    const auto mount = [&] {
      return ::mount("none", folder_.c_str(), "tmpfs", 0, size.c_str()) == 0;
    };
    mounted_ = mount() || (own_namespace() && mount());
    if (!mounted_) std::puts("not tried: no small disk can be mounted here");
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    if (mounted_) ::umount(folder_.c_str());
  }

  bool mounted() const { return mounted_; }

 private:
  /// The process is root in it, and alone sees what it mounts.
  static bool own_namespace() {
    const std::string user = std::to_string(::geteuid()), group = std::to_string(::getegid());
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
    write_file("/proc/self/setgroups", "deny");
    write_file("/proc/self/uid_map", "0 " + user + " 1");
    write_file("/proc/self/gid_map", "0 " + group + " 1");
    return true;
  }

  std::string folder_;
  bool mounted_ = false;
};
