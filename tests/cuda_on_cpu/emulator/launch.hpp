// SPDX-License-Identifier: MIT
// One launch of a kernel, with its arguments bound, and the memory that its blocks share.
#pragma once

#include <cstddef>
#include <memory>

namespace emulator {

struct Extent {
  unsigned x, y, z;
  constexpr std::size_t size() const { return std::size_t{x} * y * z; }
};

struct Launch {
  const void* kernel;  // its address, for reports
  Extent grid, block;
  std::size_t shared;                     // bytes of dynamic shared memory
  std::shared_ptr<const void> arguments;  // a tuple of copies
  std::size_t argument_bytes;
  bool padding_is_clear;
  void (*body)(const void* arguments);  // what one thread does
};

/// Runs all threads of all blocks, on the calling thread. One grid at a time in the whole process.
void run_grid(const Launch& launch);

inline constexpr std::size_t usual_shared = 48 << 10;  // bytes that no kernel has to ask for
inline constexpr std::size_t most_shared = 227 << 10;  // of a block on sm_90

}  // namespace emulator

/// The dynamic shared memory of the block that runs: <extrema/cuda/ptx.cuh> knows it by this name.
extern unsigned char emulated_shared_memory[emulator::most_shared];
