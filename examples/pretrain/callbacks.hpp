// SPDX-License-Identifier: MIT
// What this program adds to a run of train::fit.
#pragma once

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>

#include "extrema/io/atomic_file.hpp"
#include "extrema/train/checkpoints.hpp"
#include "extrema/train/record.hpp"

namespace pretrain {

using namespace extrema;

/// A callback that is not always wanted.
template <class Callback>
class Perhaps {
 public:
  Perhaps(bool wanted, auto&&... arguments) {
    if (wanted) callback_.emplace(arguments...);
  }
  void begin(auto& run) {
    if constexpr (requires { callback_->begin(run); })
      if (callback_) callback_->begin(run);
  }
  void epoch(auto& run, train::StepRecord& record) {
    if (callback_) callback_->epoch(run, record);
  }

 private:
  std::optional<Callback> callback_;
};

/// Where the run begins and ends, if the command line says so.
struct Bounds {
  int start_epoch = 0;
  std::optional<long> max_steps;

  void restore(auto& run) const {
    run.trainer().restore(std::min(start_epoch * run.steps_per_epoch(), run.steps()));
  }
  void begin(auto& run) const { stop_at_last(run); }
  void step(auto& run, auto&) const { stop_at_last(run); }

 private:
  void stop_at_last(auto& run) const {
    if (max_steps && run.step() >= *max_steps) run.stop();
  }
};

/// Counts the images that could not be read.
struct Skips {
  Index count = 0;
  void record(auto&, const train::StepRecord& record) { count = record.skipped_images; }
};

/// Once nothing can be refused any more: says what is new to the checkpoint, and writes the run's
/// configuration.
struct Opening {
  const train::Checkpoints& checkpoints;
  std::string path, configuration;

  void begin(auto& run) const {
    if (!checkpoints.replaced().empty())
      std::printf("note: what the output folder held is now in %s\n",
                  checkpoints.replaced().c_str());
    if (!checkpoints.resumed().empty())
      std::printf("going on from %s at step %td\n", checkpoints.resumed().c_str(), run.step());
    std::string changes;
    for (const std::string& change : checkpoints.changes())
      changes += (changes.empty() ? "" : ", ") + change;
    if (!changes.empty()) std::printf("note: the run goes on with %s\n", changes.c_str());
    io::write_atomically(path, configuration);
  }
};

}  // namespace pretrain
