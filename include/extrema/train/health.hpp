// SPDX-License-Identifier: MIT
// Watches for collapse: the branches' features of some images, looked at now and then.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <string>

#include "extrema/eval/encode.hpp"
#include "extrema/eval/feature_health.hpp"
#include "extrema/train/record.hpp"

namespace extrema::train {

/// A callback of fit(): adds to the record, and says once for each sign what it may mean and what
/// helps. A warning is no verdict: early in training features are few-dimensional too, so nothing
/// is said before `patience` epochs.
template <data::Dataset Dataset>
class Health {
 public:
  struct Options {
    int every_epochs = 1;          // and after the last one; 0: never
    double patience = 0.5;         // epochs
    Index least_steps = 100;       // at the beginning student and teacher are alike
    double least_deviation = 0.1;  // of that of evenly spread features
    double least_rank = 2;         // effective rank of the teacher's features
    double most_alike = 0.9999;    // mean cosine of student and teacher
    eval::EncodeOptions encode = {};
    std::function<void(const std::string&)> warn = [](const std::string& line) {
      std::fprintf(stderr, "warning: %s\n", line.c_str());
    };
  };

  /// `images` are what is looked at, some hundred are enough; they outlive the callback.
  Health(const Dataset& images, Options options) : images_{images}, options_{std::move(options)} {}
  explicit Health(const Dataset& images) : Health{images, Options{}} {}
  Health(const Dataset&&, Options) = delete;
  explicit Health(const Dataset&&) = delete;

  void epoch(auto& run, StepRecord& record) {
    if (!due_after_epoch(options_.every_epochs, record)) return;
    auto& trainer = run.trainer();
    const auto features = [&](const auto& weights) {
      return eval::encode(trainer.device(), trainer.method().backbone(), weights,
                          *run.recipe().normalisation, images_, options_.encode);
    };
    const eval::Features student = features(trainer.student()),
                         teacher = features(trainer.teacher());
    const double spread = eval::feature_deviation(teacher.rows()) *
                          std::sqrt(static_cast<double>(teacher.width)),
                 rank = eval::effective_rank(trainer.device(), teacher.rows()),
                 alike = eval::mean_cosine(student.rows(), teacher.rows());
    record.extra.push_back({"feature_spread", spread});
    record.extra.push_back({"effective_rank", rank});
    record.extra.push_back({"student_teacher_cosine", alike});
    if (record.step >= options_.least_steps &&
        record.progress >= std::max(options_.patience, run.recipe().warmup()))
      judge(spread, rank, alike);
  }

 private:
  void judge(double spread, double rank, double alike) {
    if (spread < options_.least_deviation && !std::exchange(said_spread_, true))
      options_.warn(text("the teacher's features hardly differ between images (spread ", spread,
                         " of 1): the model may have collapsed; lower the learning rate, raise "
                         "the teacher's momentum, or use InfoNCE, which keeps images apart"));
    if (rank < options_.least_rank && !std::exchange(said_rank_, true))
      options_.warn(text("the teacher's features use ", rank,
                         " of their dimensions (effective "
                         "rank): the model may be collapsing; lower the learning rate, lengthen "
                         "the warm-up, or add stronger augmentation"));
    if (alike > options_.most_alike && !std::exchange(said_alike_, true))
      options_.warn(text("student and teacher agree to a cosine of ", alike,
                         " on whole images: the teacher may follow too fast or the views be too "
                         "easy; raise the momentum or the mask ratio"));
  }

  const Dataset& images_;
  Options options_;
  bool said_spread_ = false, said_rank_ = false, said_alike_ = false;
};

}  // namespace extrema::train
