// SPDX-License-Identifier: MIT
// Worker threads fill numbered slots ahead of a consumer that takes them in order.
#pragma once

#include <algorithm>
#include <concepts>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "extrema/core/tensor.hpp"

namespace extrema::data {

/// `open(slot)` is called for one slot after the other, never by two threads at once; it returns
/// how many positions are to be filled, or 0: there are no more slots. `fill(slot, position,
/// worker)` is called once for each position, by any thread, with that thread's own worker.
template <class J>
concept PipelineJob = requires(J& job, typename J::Slot& slot, typename J::Worker& worker) {
  { job.worker() } -> std::same_as<typename J::Worker>;
  { job.open(slot) } -> std::same_as<Index>;
  job.fill(slot, Index{}, worker);
};

template <PipelineJob Job>
class Pipeline {
 public:
  using Slot = typename Job::Slot;

  /// `ahead` slots are filled while one is lent. The job outlives the pipeline.
  Pipeline(Job& job, int threads, int ahead) : job_{job}, entries_(size(std::max(ahead, 1) + 1)) {
    std::vector<typename Job::Worker> workers;
    for (int i = 0; i < std::max(threads, 1); ++i) workers.push_back(job.worker());
    for (auto& worker : workers)
      threads_.emplace_back(
          [this, worker = std::move(worker)](std::stop_token stop) mutable { run(stop, worker); });
  }
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  /// Waits for the next slot, which is lent until the following call; nullptr after the last.
  /// Throws what the job threw while it filled this slot, and again when called again.
  Slot* next() {
    std::unique_lock lock{mutex_};
    if (std::exchange(lent_, false)) {
      ++taken_;
      vacant_.notify_all();
    }
    ready_.wait(lock, [&] { return taken_ < opened_ ? full(entry(taken_)) : ended_; });
    if (taken_ == opened_) return nullptr;
    Entry& entry = this->entry(taken_);
    if (entry.error) std::rethrow_exception(entry.error);
    lent_ = true;
    return &entry.slot;
  }

 private:
  struct Entry {
    Slot slot;
    Index positions = 0, claimed = 0, done = 0;
    Index error_at = 0;  // the first position that failed
    std::exception_ptr error;
  };
  static constexpr Index chunk = 8;  // positions that a worker claims at once

  static std::size_t size(int count) { return static_cast<std::size_t>(count); }
  static bool full(const Entry& entry) { return entry.done == entry.positions; }
  Entry& entry(std::size_t number) { return entries_[number % entries_.size()]; }

  bool claimable() {
    return opened_ > 0 && entry(opened_ - 1).claimed < entry(opened_ - 1).positions;
  }
  bool openable() const { return !ended_ && opened_ - taken_ < entries_.size(); }

  void run(std::stop_token stop, typename Job::Worker& worker) {
    std::unique_lock lock{mutex_};
    while (true) {
      vacant_.wait(lock, stop, [&] { return claimable() || openable(); });
      if (stop.stop_requested()) return;
      if (!claimable()) open();
      else fill(lock, entry(opened_ - 1), worker);
    }
  }

  void open() {
    Entry& entry = this->entry(opened_);
    entry.positions = entry.claimed = entry.done = 0;
    try {
      entry.positions = job_.open(entry.slot);
      ended_ = entry.positions == 0;
      if (!ended_) ++opened_;
    } catch (...) {
      entry.error = std::current_exception();
      ended_ = true;
      ++opened_;
    }
    vacant_.notify_all();
    if (ended_) ready_.notify_all();
  }

  void fill(std::unique_lock<std::mutex>& lock, Entry& entry, typename Job::Worker& worker) {
    const Index first = entry.claimed, last = std::min(first + chunk, entry.positions);
    entry.claimed = last;
    lock.unlock();
    Index position = first;
    std::exception_ptr error;
    try {
      for (; position < last; ++position) job_.fill(entry.slot, position, worker);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    if (error && (!entry.error || position < entry.error_at)) {
      entry.error = error;
      entry.error_at = position;
    }
    entry.done += last - first;
    if (full(entry)) ready_.notify_one();
  }

  Job& job_;
  std::vector<Entry> entries_;
  std::mutex mutex_;
  std::condition_variable_any vacant_;  // a slot may be opened, or a position claimed
  std::condition_variable ready_;       // a slot is full
  std::size_t opened_ = 0, taken_ = 0;  // numbers of slots
  bool lent_ = false, ended_ = false;
  std::vector<std::jthread> threads_;  // last: they stop before the rest goes
};

}  // namespace extrema::data
