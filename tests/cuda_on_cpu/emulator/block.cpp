// SPDX-License-Identifier: MIT
#include "block.hpp"

#include <bit>
#include <cstring>
#include <numeric>

#include "race/watcher.hpp"
#include "settings.hpp"

namespace emulator {

Block& block() {
  static Block only;
  return only;
}

static unsigned bit(unsigned i) { return 1u << i; }

static unsigned lowest(unsigned set) { return static_cast<unsigned>(std::countr_zero(set)); }

static unsigned pick(unsigned set) {
  switch (settings().order) {
    case Order::forward:
      return lowest(set);
    case Order::reverse:
      return 31 - static_cast<unsigned>(std::countl_zero(set));
    case Order::random:
      break;
  }
  for (auto k = random_below(static_cast<std::size_t>(std::popcount(set))); k > 0; --k)
    set &= set - 1;
  return lowest(set);
}

void Block::prepare() {
  fibres_.make();
  fibres_.note_caller();
  threads_.resize(most_threads);
}

void Block::run(const Launch& launch, unsigned number) {
  begin(launch);
  if (watcher()) watcher()->block_begins(number);
  go(next(nullptr));
  if (watcher()) watcher()->pause();
  if (alive_ > 0) report_deadlock();
}

void Block::begin(const Launch& launch) {
  launch_ = &launch;
  size_ = alive_ = static_cast<unsigned>(launch.block.size());
  waiting_ = runnable_ = 0;
  std::vector<unsigned> ranked((size_ + 31) / 32);
  std::iota(ranked.begin(), ranked.end(), 0u);
  arrange(ranked);
  for (unsigned rank = 0; rank < ranked.size(); ++rank) {
    const unsigned warp = ranked[rank], lanes = size_ - warp * 32;
    warp_of_rank_[rank] = warp;
    rank_of_warp_[warp] = rank;
    warps_[warp] = Warp{};
    warps_[warp].unstarted = lanes >= 32 ? ~0u : bit(lanes) - 1;
    warps_[warp].exited = ~warps_[warp].unstarted;  // lanes that do not exist
    runnable_ |= bit(rank);
  }
  // Bytes that are NaN as a float, a double, a half or a bfloat16.
  if (launch.shared > 0) std::memset(emulated_shared_memory, 0xff, launch.shared);
}

/// One thread after the other, as long as they do not wait.
void Block::run_threads() {
  Fibres::arrive_on_new_stack();
  for (;;) {
    Block& b = block();
    Fibre* const self = b.current_;
    b.launch_->body(b.launch_->arguments.get());
    Fibre* to = nullptr;
    {
      const Unwatched own;
      b.thread_ends(self->thread);
      to = b.next(self);
    }
    b.go(to);  // comes back when this stack is taken for another thread
  }
}

void Block::thread_ends(unsigned thread) {
  --alive_;
  warps_[thread / 32].exited |= bit(thread % 32);
  finish_meeting(thread / 32);
  release_barrier();
}

void Block::go(Fibre* to) {
  if (to) {
    const Extent extent = launch_->block;
    const unsigned t = to->thread;
    threadIdx = {t % extent.x, t / extent.x % extent.y, t / (extent.x * extent.y)};
  }
  Fibre* const from = current_;
  current_ = to;
  fibres_.go(from, to);
}

unsigned Block::next_rank() const {
  const bool overtake = settings().order == Order::random && random_below(16) == 0;
  return overtake ? pick(runnable_) : lowest(runnable_);
}

/// Null where no thread can run. A thread that starts takes `free_stack`, where there is one.
Fibre* Block::next(Fibre* free_stack) {
  if (runnable_ == 0) {
    if (free_stack) fibres_.give(free_stack);
    return nullptr;
  }
  const unsigned rank = next_rank(), number = warp_of_rank_[rank];
  Warp& warp = warps_[number];
  const bool starts = warp.ready == 0;
  unsigned& set = starts ? warp.unstarted : warp.ready;
  const unsigned picked = pick(set);
  set &= ~bit(picked);
  if ((warp.ready | warp.unstarted) == 0) runnable_ &= ~bit(rank);

  const unsigned thread = number * 32 + picked;
  if (!starts) {
    if (free_stack) fibres_.give(free_stack);
    return threads_[thread].fibre;
  }
  Fibre* const fibre = free_stack ? free_stack : fibres_.take();
  if (!fibre->started) {
    fibre->context.prepare(fibre->stack, Fibres::stack_bytes(), run_threads);
    fibre->started = true;
  }
  fibre->thread = thread;
  threads_[thread].fibre = fibre;
  return fibre;
}

void Block::make_ready(unsigned warp, unsigned lanes) {
  warps_[warp].ready |= lanes;
  runnable_ |= bit(rank_of_warp_[warp]);
}

int Block::wait_at_barrier(Vote vote, int predicate, Place place) {
  Fibre* to = nullptr;
  {
    const Unwatched own;
    const unsigned thread = current_->thread;
    threads_[thread].place = place;
    threads_[thread].predicate = predicate;
    warps_[thread / 32].at_barrier |= bit(thread % 32);
    ++waiting_;
    release_barrier();
    to = next(nullptr);
  }
  go(to);
  switch (vote) {
    case Vote::none:
      break;
    case Vote::count:
      return static_cast<int>(predicates_);
    case Vote::any:
      return predicates_ > 0;
    case Vote::all:
      return predicates_ == voters_;
  }
  return 0;
}

/// Where all threads that are alive wait.
void Block::release_barrier() {
  if (alive_ == 0 || waiting_ < alive_) return;
  check_barrier();
  predicates_ = 0;
  voters_ = alive_;
  for (unsigned t = 0; t < size_; ++t) predicates_ += threads_[t].predicate != 0;
  if (watcher()) watcher()->block_met();
  for (unsigned w = 0; w * 32 < size_; ++w) {
    make_ready(w, warps_[w].at_barrier);
    warps_[w].at_barrier = 0;
  }
  waiting_ = 0;
}

/// All threads of the block, at one line.
void Block::check_barrier() const {
  const Thread* first = nullptr;
  for (unsigned t = 0; t < size_; ++t) {
    if (!waits_at_barrier(t)) continue;
    const Thread& thread = threads_[t];
    if (alive_ < size_)
      fail("divergent barrier: " + std::to_string(waiting_) + " threads wait at " +
               text(thread.place) + ", the other " + std::to_string(size_ - alive_) +
               " have exited",
           thread.place);
    if (!first) first = &thread;
    if (thread.place.line != first->place.line)
      fail("divergent barrier: some threads wait at " + text(first->place) + ", thread " +
               std::to_string(t) + " at " + text(thread.place),
           first->place);
  }
}

void Block::meet_in_warp(unsigned mask, void* mine, Complete complete, Orders orders, Place place) {
  Fibre* to = nullptr;
  {
    const Unwatched own;
    const unsigned thread = current_->thread, lane = thread % 32;
    Warp& warp = warps_[thread / 32];
    if ((mask & bit(lane)) == 0)
      fail("a lane calls a warp operation with a mask that lacks it", place);
    if (warp.arrived == 0) {
      warp.mask = mask;
      warp.complete = complete;
      warp.orders = orders;
      warp.place = place;
    } else if (warp.mask != mask || warp.complete != complete) {
      fail("lanes of one warp meet in different operations or masks: " + text(warp.place) +
               " and " + text(place),
           place);
    }
    warp.arguments[lane] = mine;
    warp.arrived |= bit(lane);
    threads_[thread].place = place;
    finish_meeting(thread / 32);
    to = next(nullptr);
  }
  go(to);
}

/// Where all lanes of the mask have arrived or exited.
void Block::finish_meeting(unsigned number) {
  Warp& warp = warps_[number];
  if (warp.arrived == 0 || (warp.mask & ~(warp.arrived | warp.exited)) != 0) return;
  if ((warp.exited & warp.mask) != 0)
    fail("a warp operation names lanes that have exited or do not exist", warp.place);
  warp.complete(warp.arguments.data());
  if (watcher() && warp.orders == Orders::memory) watcher()->warp_met(number, warp.mask);
  warp.arguments.fill(nullptr);
  make_ready(number, warp.arrived);
  warp.arrived = 0;
}

void Block::report_deadlock() const {
  const auto state = [&](unsigned t) {
    const std::string at = text(threads_[t].place);
    if (waits_at_barrier(t)) return "waits in __syncthreads at " + at;
    if ((warps_[t / 32].arrived & bit(t % 32)) != 0) return "waits in a warp operation at " + at;
    return std::string{"has exited"};
  };
  std::string report = "deadlock (divergent barrier or warp operation):", last;
  for (unsigned t = 0; t < size_; ++t) {
    const std::string now = state(t);
    if (now != last) report += "\n    thread " + std::to_string(t) + " and on: " + now;
    last = now;
  }
  fail(report);
}

}  // namespace emulator
