// SPDX-License-Identifier: MIT
// A run of fit() as its callbacks see it.
#pragma once

#include <map>
#include <string>

#include "extrema/core/tensor.hpp"
#include "extrema/train/recipe.hpp"
#include "extrema/train/record.hpp"

namespace extrema::train {

template <class Trainer, class Dataset>
class Run {
 public:
  Run(Trainer& trainer, const Dataset& images, const Recipe& recipe)
      : trainer_{trainer},
        images_{images},
        recipe_{recipe},
        steps_per_epoch_{images.size() / recipe.batch} {}

  Run(const Run&) = delete;  // a callback that takes a copy could not stop it
  Run& operator=(const Run&) = delete;

  Trainer& trainer() const { return trainer_; }
  const Dataset& images() const { return images_; }
  const Recipe& recipe() const { return recipe_; }
  Index steps_per_epoch() const { return steps_per_epoch_; }
  Index steps() const { return steps_per_epoch_ * recipe_.epochs; }
  /// Steps taken so far, those before a resume too.
  Index step() const { return trainer_.count(); }
  bool finished() const { return step() >= steps(); }
  /// Epochs done, with their fraction.
  double epoch() const {
    return static_cast<double>(step()) / static_cast<double>(steps_per_epoch_);
  }

  /// The run ends after this step's callbacks.
  void stop() { stopping_ = true; }
  bool stopping() const { return stopping_; }

  /// What callbacks want to find again after a restart, each under a name of its own: written in
  /// record(), saved with the checkpoint, read in begin(). Empty where the run begins anew.
  std::map<std::string, std::string>& memory() { return memory_; }

 private:
  Trainer& trainer_;
  const Dataset& images_;
  const Recipe& recipe_;
  Index steps_per_epoch_;
  bool stopping_ = false;
  std::map<std::string, std::string> memory_;
};

}  // namespace extrema::train
