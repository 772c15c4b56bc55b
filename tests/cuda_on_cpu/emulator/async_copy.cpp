// SPDX-License-Identifier: MIT
// cp.async: each thread has groups of copies, which are made when the thread waits for them.
#include <array>
#include <cstdint>
#include <cstring>
#include <deque>
#include <vector>

#include "fibre.hpp"
#include "kernel_thread.hpp"
#include "race/watcher.hpp"

namespace emulator {

namespace {

struct Copy {
  void* to;
  const void* from;
  std::size_t bytes;

  void make() const {
    if (watcher()) {
      watcher()->reads(from, bytes);
      watcher()->writes(to, bytes);
    }
    const Unwatched own;
    std::memcpy(to, from, bytes);
  }
};
using Group = std::vector<Copy>;

std::array<std::deque<Group>, most_threads> of_thread;
bool any = false;

/// Of the thread that runs; the last group is open.
std::deque<Group>& groups() {
  any = true;
  auto& mine = of_thread[thread_in_block()];
  if (mine.empty()) mine.emplace_back();
  return mine;
}

}  // namespace

void copy_later(void* to, const void* from, std::size_t bytes) {
  const Unwatched own;
  const auto addresses =
      reinterpret_cast<std::uintptr_t>(to) | reinterpret_cast<std::uintptr_t>(from);
  if (addresses % bytes != 0) fail("cp.async is not aligned to its size");
  groups().back().push_back({to, from, bytes});
}

void close_copy_group() {
  const Unwatched own;
  groups().emplace_back();
}

void finish_copies(unsigned groups_left) {
  while (groups().size() > groups_left + 1) {
    for (const Copy& copy : groups().front()) copy.make();
    const Unwatched own;
    groups().pop_front();
  }
}

void forget_copies() {
  if (!any) return;
  for (auto& groups : of_thread) groups.clear();
  any = false;
}

}  // namespace emulator
