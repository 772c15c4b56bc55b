// SPDX-License-Identifier: MIT
// What a training step tells of itself: plain numbers that progress, metrics and reports read.
#pragma once

#include <string>
#include <vector>

#include "extrema/core/tensor.hpp"

namespace extrema::train {

/// A further value: of the health monitor, of an evaluation, of one's own callback.
struct NamedValue {
  std::string name;  // "knn_accuracy"
  double value = 0;
};

/// Whether it is the turn of what is done after every so many steps or epochs; 0: never.
inline bool due(Index every, Index count) { return every > 0 && count % every == 0; }

/// Filled after each step; a trainer keeps one and its `extra` empty or of one size, so that
/// nothing allocates.
struct StepRecord {
  Index step = 0;    // from 1, over the whole run
  Index steps = 0;   // of the whole run
  Index epoch = 0;   // from 0: the one that this step belongs to
  Index epochs = 0;  // of the whole run
  Index batch = 0;   // images in this step

  double progress = 0;  // epochs that are done after this step, with their fraction
  double loss = 0;
  double gradient_norm = 0;
  double learning_rate = 0;
  double weight_decay = 0;
  double momentum = 0;  // of the teacher's average
  std::vector<NamedValue> extra = {};

  // Times differ from run to run: they stand apart in all that is written.
  double seconds = 0;  // of this step, with the waiting for its batch
  double images_per_second = 0;

  // What could not be read: since the step before, a line each, and in all since this process
  // began.
  std::vector<std::string> skipped = {};
  Index skipped_images = 0;
};

/// The same for what is evaluated after every so many epochs, and after the last one too.
inline bool due_after_epoch(Index every, const StepRecord& last) {
  return due(every, last.epoch + 1) || (every > 0 && last.step == last.steps);
}

}  // namespace extrema::train
