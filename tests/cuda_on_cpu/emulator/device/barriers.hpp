// SPDX-License-Identifier: MIT
// Where the threads of a block, or the lanes of a warp, wait for each other.
#pragma once

#include "../kernel_thread.hpp"

inline void __syncthreads(emulator::Place place = emulator::Place::here()) {
  emulator::wait_at_barrier(emulator::Vote::none, 0, place);
}
inline int __syncthreads_count(int predicate, emulator::Place place = emulator::Place::here()) {
  return emulator::wait_at_barrier(emulator::Vote::count, predicate, place);
}
inline int __syncthreads_or(int predicate, emulator::Place place = emulator::Place::here()) {
  return emulator::wait_at_barrier(emulator::Vote::any, predicate, place);
}
inline int __syncthreads_and(int predicate, emulator::Place place = emulator::Place::here()) {
  return emulator::wait_at_barrier(emulator::Vote::all, predicate, place);
}

inline void __syncwarp(unsigned mask = 0xffffffffu,
                       emulator::Place place = emulator::Place::here()) {
  static char nothing;
  emulator::meet_in_warp(
      mask, &nothing, [](void* const*) {}, emulator::Orders::memory, place);
}

// One thread runs at a time, and its writes are seen at once.
inline void __threadfence() {}
inline void __threadfence_block() {}
