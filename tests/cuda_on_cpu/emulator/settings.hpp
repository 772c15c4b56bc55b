// SPDX-License-Identifier: MIT
// What the environment says of an emulated run, and its random numbers.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace emulator {

/// In which order threads, warps, blocks and streams take their turns.
enum class Order { forward, reverse, random };

struct Settings {
  Order order = Order::forward;  // EMU_ORDER=0, 1, 2
  std::uint64_t seed = 0;        // EMU_SEED, of the random order
  bool eager = false;            // EMU_EAGER=1: operations run when they are queued
  int devices = 4;               // EMU_DEVICES; with 0 there is no GPU
  int capability = 90;           // EMU_CAPABILITY=75: compute capability 7.5
  int patience = 10;   // EMU_PATIENCE, in seconds: how long the host waits for its other threads
  bool driver = true;  // EMU_DRIVER=0: the driver is too old
  bool vector_sums = true;  // EMU_BGRAD=0: cuBLASLt has no product that sums an operand's rows
  std::size_t memory = std::size_t{8} << 30;  // EMU_MEMORY, in MiB: of all devices together
};
const Settings& settings();

/// The next of the numbers that EMU_SEED fixes.
std::uint64_t random_bits();
inline std::size_t random_below(std::size_t end) { return random_bits() % end; }

/// Puts `things` in the order that is set.
template <class T>
void arrange(std::vector<T>& things) {
  if (settings().order == Order::reverse) std::reverse(things.begin(), things.end());
  if (settings().order == Order::random)
    for (std::size_t i = things.size(); i > 1; --i)
      std::swap(things[i - 1], things[random_below(i)]);
}

}  // namespace emulator
