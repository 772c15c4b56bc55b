// SPDX-License-Identifier: MIT
// A grid is its blocks, one after the other in the order that is set.
#include <cstdio>
#include <cstdlib>
#include <numeric>

#include "block.hpp"
#include "race/watcher.hpp"
#include "sanitizer.hpp"
#include "settings.hpp"
#include "source.hpp"

extern "C" {
emulator::Extent threadIdx, blockIdx, blockDim, gridDim;
extern const int warpSize;
const int warpSize = 32;
}
alignas(1024) unsigned char emulated_shared_memory[emulator::most_shared];

namespace emulator {

void run_grid(const Launch& launch) {
  allow(emulated_shared_memory, most_shared);  // up to the launch's bound, and no further
  forbid(emulated_shared_memory + launch.shared, most_shared - launch.shared);
  block().prepare();
  blockDim = launch.block;
  gridDim = launch.grid;
  std::vector<unsigned> blocks(launch.grid.size());
  std::iota(blocks.begin(), blocks.end(), 0u);
  arrange(blocks);
  if (watcher()) watcher()->grid_begins(launch);
  for (const unsigned number : blocks) {
    const Extent grid = launch.grid;
    blockIdx = {number % grid.x, number / grid.x % grid.y, number / (grid.x * grid.y)};
    block().run(launch, number);
    forget_copies();
  }
  if (watcher()) watcher()->grid_ends();
  block().end_grid();
}

int wait_at_barrier(Vote vote, int predicate, Place place) {
  return block().wait_at_barrier(vote, predicate, place);
}
void meet_in_warp(unsigned mask, void* mine, Complete complete, Orders orders, Place place) {
  block().meet_in_warp(mask, mine, complete, orders, place);
}
int capability() { return settings().capability; }
unsigned thread_in_block() { return block().current() ? block().current()->thread : 0; }

void fail(const std::string& what, Place where) {
  std::fprintf(stderr, "\n==EMU== %s\n", what.c_str());
  if (const Launch* launch = block().launch()) {
    std::fprintf(stderr, "    kernel %s\n    block (%u, %u, %u)",
                 function_at(launch->kernel).c_str(), blockIdx.x, blockIdx.y, blockIdx.z);
    if (block().current())
      std::fprintf(stderr, " thread (%u, %u, %u)", threadIdx.x, threadIdx.y, threadIdx.z);
    if (where.line > 0) std::fprintf(stderr, " at %s", text(where).c_str());
    std::fprintf(stderr, "\n");
  }
  std::fprintf(stderr, "    EMU_ORDER=%d EMU_SEED=%llu\n", static_cast<int>(settings().order),
               static_cast<unsigned long long>(settings().seed));
  std::fflush(nullptr);
  std::_Exit(exit_code_of_failure);
}

}  // namespace emulator
