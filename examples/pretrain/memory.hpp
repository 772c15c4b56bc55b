// SPDX-License-Identifier: MIT
// How much memory a process may still take.
#pragma once

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

namespace pretrain {

/// What the machine has available, or its container (cgroup) leaves of it: in bytes.
inline double free_memory() {
  double free = std::numeric_limits<double>::infinity();
  std::ifstream machine{"/proc/meminfo"};
  for (std::string key; machine >> key; machine.ignore(256, '\n'))
    if (double kibibytes = 0; key == "MemAvailable:" && machine >> kibibytes)
      free = kibibytes * 1024;

  std::ifstream groups{"/proc/self/cgroup"};
  for (std::string line; std::getline(groups, line);) {
    if (!line.starts_with("0::")) continue;  // version 2
    for (std::string group = line.substr(3);; group.resize(group.rfind('/'))) {
      const std::string folder = "/sys/fs/cgroup" + group;
      double most = 0, taken = 0;
      if (std::ifstream{folder + "/memory.max"} >> most &&
          std::ifstream{folder + "/memory.current"} >> taken)
        free = std::min(free, std::max(most - taken, 0.0));
      if (group.rfind('/') == group.npos) break;
    }
  }
  return free;
}

}  // namespace pretrain
