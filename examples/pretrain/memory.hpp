// SPDX-License-Identifier: MIT
// How much memory a process may still take.
#pragma once

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

namespace pretrain {

namespace detail {

/// The number behind a word in a file of such lines; 0 where there is none.
inline double number_after(const std::string& word, const std::string& file) {
  std::ifstream lines{file};
  double number = 0;
  for (std::string key; lines >> key; lines.ignore(4096, '\n'))
    if (key == word && lines >> number) return number;
  return 0;
}

/// Where a version of Linux's control groups keeps a group's limit, what it has taken, and how much
/// of that is files read by and by, which give way.
struct GroupFiles {
  std::string root, limit, taken, files_read;
};
inline const GroupFiles version1{"/sys/fs/cgroup/memory", "memory.limit_in_bytes",
                                 "memory.usage_in_bytes", "total_inactive_file"},
    version2{"/sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"};

/// What the group and those that it is in leave.
inline double free_in_group(const GroupFiles& files, std::string group) {
  double free = std::numeric_limits<double>::infinity();
  for (;; group.resize(group.rfind('/'))) {
    const std::string folder = files.root + group + "/";
    double limit = 0, taken = 0;
    if (std::ifstream{folder + files.limit} >> limit &&
        std::ifstream{folder + files.taken} >> taken) {
      const double needed = taken - number_after(files.files_read, folder + "memory.stat");
      free = std::min(free, std::max(limit - needed, 0.0));
    }
    if (group.rfind('/') == group.npos) return free;
  }
}

}  // namespace detail

/// What the machine has available, or its container leaves of it: in bytes.
inline double free_memory() {
  double free = 1024 * detail::number_after("MemAvailable:", "/proc/meminfo");
  if (free == 0) free = std::numeric_limits<double>::infinity();
  std::ifstream groups{"/proc/self/cgroup"};
  for (std::string line; std::getline(groups, line);) {  // number:controllers:group
    const auto first = line.find(':'), second = line.find(':', first + 1);
    if (second == line.npos) continue;
    const std::string controllers = ',' + line.substr(first + 1, second - first - 1) + ',',
                      group = line.substr(second + 1);
    if (controllers == ",,") free = std::min(free, detail::free_in_group(detail::version2, group));
    if (controllers.find(",memory,") != controllers.npos)
      free = std::min(free, detail::free_in_group(detail::version1, group));
  }
  return free;
}

}  // namespace pretrain
