// SPDX-License-Identifier: MIT
// What device functions ask of the emulator: where a thread of a kernel waits for others.
#pragma once

#include <cstddef>

#include "failure.hpp"
#include "place.hpp"

namespace emulator {

/// Which thread of its block runs, and which lane of its warp it is.
unsigned thread_in_block();
inline unsigned lane() { return thread_in_block() % 32; }

/// What __syncthreads_count, _or and _and tell of the block's predicates.
enum class Vote { none, count, any, all };
int wait_at_barrier(Vote vote, int predicate, Place place);

/// All warp operations are this one: the lanes in `mask` meet, and the last to arrive completes the
/// operation for all. `lanes` are what they came with, null where a lane is not in the mask.
using Complete = void (*)(void* const* lanes);

/// Whether what lanes wrote before a meeting may be read by others after it: so does __syncwarp,
/// shuffles and votes do not.
enum class Orders { nothing, memory };

void meet_in_warp(unsigned mask, void* mine, Complete complete, Orders orders, Place place);

/// cp.async. Copies are made when they are waited for: what reads too early sees what was there.
void copy_later(void* to, const void* from, std::size_t bytes);
void close_copy_group();
void finish_copies(unsigned groups_left);
void forget_copies();  // that a block's threads left behind

/// 90 for 9.0: of the card that is emulated.
int capability();

}  // namespace emulator
