// SPDX-License-Identifier: MIT
// What the race checker is told of a running kernel. Other builds have no watcher.
#pragma once

#include <cstddef>

#include "../launch.hpp"

namespace emulator {

class Watcher {
 public:
  virtual void grid_begins(const Launch& launch) = 0;
  virtual void grid_ends() = 0;
  virtual void block_begins(unsigned block) = 0;
  virtual void block_met() = 0;                             // all threads, at a barrier
  virtual void warp_met(unsigned warp, unsigned mask) = 0;  // these lanes, at a __syncwarp
  virtual void pause() = 0;   // the emulator's own code runs, which may share functions with
  virtual void resume() = 0;  // the code that is watched

  virtual void frees(const void* memory, std::size_t bytes) = 0;  // device memory

  // What device functions do for a kernel.
  virtual void reads(const void* memory, std::size_t bytes) = 0;
  virtual void writes(const void* memory, std::size_t bytes) = 0;
  virtual void updates(const void* memory, std::size_t bytes) = 0;  // an atomic operation

 protected:
  ~Watcher() = default;
};

/// Null where nobody watches.
inline Watcher*& watcher() {
  static Watcher* only = nullptr;
  return only;
}

struct Unwatched {
  Unwatched() {
    if (watcher()) watcher()->pause();
  }
  ~Unwatched() {
    if (watcher()) watcher()->resume();
  }
  Unwatched(const Unwatched&) = delete;
};

}  // namespace emulator
