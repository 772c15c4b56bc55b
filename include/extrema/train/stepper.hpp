// SPDX-License-Identifier: MIT
// From a batch of the loader to a step that was taken, and what there is to tell of it.
#pragma once

#include <chrono>
#include <cmath>
#include <exception>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

#include "extrema/core/error.hpp"
#include "extrema/data/affine.hpp"
#include "extrema/data/loader.hpp"
#include "extrema/train/feed.hpp"
#include "extrema/train/run.hpp"

namespace extrema::train::detail {

/// Takes a run's steps one by one, from where its trainer is.
template <class Run>
class Stepper {
  using Device = std::remove_reference_t<decltype(std::declval<Run>().trainer().device())>;
  using Dataset = std::remove_cvref_t<decltype(std::declval<Run>().images())>;

 public:
  explicit Stepper(Run& run)
      : run_{run},
        feed_{run.trainer().device(), run.trainer().method().backbone().image(),
              data::affine<Wide<Device>>(*run.recipe().normalisation), run.recipe().pieces},
        loader_{run.images(), loader_options(run)} {}

  /// Where the device runs behind the host, the next batch is made ready while it computes.
  StepRecord take() {
    Ready now = ready();
    run_.trainer().step(now.pieces, now.scalars);
    now.record.step = run_.step();
    now.record.progress = run_.epoch();
    if constexpr (runs_behind)
      if (!run_.finished()) make_ahead();
    return finish(std::move(now.record), run_.trainer().outcome());
  }

 private:
  using Clock = std::chrono::steady_clock;

  static data::LoaderOptions loader_options(const Run& run) {
    return {.batch = run.recipe().batch,
            .seed = run.trainer().options().seed,
            .threads = run.recipe().loader_threads,
            .augmentation = run.recipe().augmentation,
            .plans = run.recipe().augment_on_device,
            .first = {static_cast<std::uint32_t>(run.step() / run.steps_per_epoch()),
                      run.step() % run.steps_per_epoch()},
            .unreadable = run.recipe().unreadable};
  }

  /// A batch on the device, and what there is to tell of its step before it is taken.
  struct Ready {
    std::span<const siamese::Batch<Device, std::uint8_t>> pieces;
    ops::StepScalars scalars;
    StepRecord record;
  };

  static constexpr bool runs_behind = !std::is_same_v<typename Device::Event, AlreadyPassed>;

  Ready ready() {
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
    if (!ahead_) return make();
    Ready result = std::move(*ahead_);
    ahead_.reset();
    return result;
  }
  /// What it throws belongs to the next step.
  void make_ahead() {
    try {
      ahead_ = make();
    } catch (...) {
      failure_ = std::current_exception();
    }
  }

  Ready make() {
    const auto& trainer = run_.trainer();
    const auto& options = trainer.options();
    const Recipe& recipe = run_.recipe();
    const data::Batch& batch = loader_.next();
    const double epoch = run_.epoch();
    const auto pieces =
        feed_.send(options.method.mask, trainer.method().backbone().grid(), options.method.views,
                   {batch.student, batch.teacher, batch.samples, batch.epoch, batch.plans,
                    data::shares_image(recipe.augmentation.pair)},
                   options.seed, epoch / recipe.epochs);
    const ops::StepScalars scalars = recipe.scalars(epoch);
    StepRecord record{.steps = run_.steps(),
                      .epoch = static_cast<Index>(batch.epoch),
                      .epochs = recipe.epochs,
                      .batch = batch.size(),
                      .learning_rate = scalars.learning_rate,
                      .weight_decay = scalars.weight_decay,
                      .momentum = scalars.ema_momentum,
                      .skipped_images = std::ssize(loader_.skipped())};
    for (const data::Skipped& skipped : batch.skipped) record.skipped.push_back(skipped.reason);
    return {pieces, scalars, std::move(record)};
  }

  StepRecord finish(StepRecord record, const ops::StepOutcome& outcome) {
    const auto last = std::exchange(last_, Clock::now());
    record.loss = outcome.loss;
    record.gradient_norm = std::sqrt(outcome.squared_gradient_norm);
    record.seconds = std::chrono::duration<double>(last_ - last).count();
    record.images_per_second = static_cast<double>(record.batch) / record.seconds;
    // A loss scale that was too large is mended by the next step.
    const bool passes = std::isfinite(outcome.loss) && outcome.loss_scale > 1;
    if (outcome.gradient_factor == 0 && !passes) refuse(record);
    return record;
  }

  [[noreturn]] static void refuse(const StepRecord& record) {
    throw Error{
        "fit: at step ",
        record.step,
        " (epoch ",
        record.epoch,
        ") the loss is ",
        record.loss,
        " and the gradient's norm ",
        record.gradient_norm,
        ": the student was left as before, and nothing saved since; lower the learning rate (",
        record.learning_rate,
        " now), lengthen the warm-up, or clip gradients"};
  }

  Run& run_;
  Feed<Device> feed_;
  data::Loader<Dataset> loader_;
  Clock::time_point last_ = Clock::now();
  std::optional<Ready> ahead_;
  std::exception_ptr failure_;  // of what was made ahead
};

}  // namespace extrema::train::detail
