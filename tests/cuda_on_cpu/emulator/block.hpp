// SPDX-License-Identifier: MIT
// Runs the threads of one block by CUDA's rules, in the order that is set.
//
// The first warp in rank runs as far ahead as it can, which shows hazards that taking turns would
// hide. In the random order another one is taken now and then. A thread that ends hands its stack
// to the next one.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "fibre.hpp"
#include "kernel_thread.hpp"
#include "launch.hpp"

/// The built-in variables, which the toolkit declares `extern const`.
extern "C" {
extern emulator::Extent threadIdx, blockIdx, blockDim, gridDim;
}

namespace emulator {

/// The lanes of a warp, by what they do, and the meeting that is under way.
struct Warp {
  unsigned unstarted = 0, ready = 0, at_barrier = 0, exited = 0;  // bits of lanes

  unsigned arrived = 0, mask = 0;
  Complete complete = nullptr;
  Orders orders = Orders::nothing;
  Place place;
  std::array<void*, 32> arguments{};
};

class Block {
 public:
  /// Returns when all threads have ended; fails where they cannot.
  void run(const Launch& launch, unsigned number);

  int wait_at_barrier(Vote vote, int predicate, Place place);
  void meet_in_warp(unsigned mask, void* mine, Complete complete, Orders orders, Place place);

  /// Null between grids, and for the thread that runs none.
  const Launch* launch() const { return launch_; }
  const Fibre* current() const { return current_; }
  const Fibres& fibres() const { return fibres_; }
  void prepare();
  void end_grid() { launch_ = nullptr; }

 private:
  struct Thread {
    Fibre* fibre;
    Place place;  // where it waits
    int predicate;
  };

  static void run_threads();  // on every fibre
  void begin(const Launch& launch);
  void thread_ends(unsigned thread);
  void go(Fibre* to);
  Fibre* next(Fibre* free_stack);
  unsigned next_rank() const;
  void make_ready(unsigned warp, unsigned lanes);
  void release_barrier();
  void check_barrier() const;
  void finish_meeting(unsigned warp);
  [[noreturn]] void report_deadlock() const;

  bool waits_at_barrier(unsigned thread) const {
    return (warps_[thread / 32].at_barrier >> thread % 32 & 1) != 0;
  }

  Fibres fibres_;
  Fibre* current_ = nullptr;  // null: the caller of run()
  const Launch* launch_ = nullptr;
  std::vector<Thread> threads_;
  std::array<Warp, 32> warps_;
  std::array<unsigned, 32> warp_of_rank_{}, rank_of_warp_{};
  unsigned runnable_ = 0;  // bits of ranks: warps with a lane that can run
  unsigned size_ = 0, alive_ = 0, waiting_ = 0;
  unsigned predicates_ = 0, voters_ = 0;  // of the barrier that was passed last
};

Block& block();

}  // namespace emulator
