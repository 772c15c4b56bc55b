// SPDX-License-Identifier: MIT
// The loop: batches from a data set, steps of a trainer, callbacks that watch.
#pragma once

#include <chrono>
#include <cmath>
#include <exception>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "extrema/core/error.hpp"
#include "extrema/data/affine.hpp"
#include "extrema/data/loader.hpp"
#include "extrema/mask/concepts.hpp"
#include "extrema/train/callbacks.hpp"
#include "extrema/train/feed.hpp"
#include "extrema/train/run.hpp"

namespace extrema::train {

/// Throws Error for what can be known to be wrong before the first step.
template <class Trainer, class Dataset>
void require(const Trainer& trainer, const Dataset& images, const Recipe& recipe) {
  const auto& method = trainer.options().method;
  const auto& backbone = trainer.method().backbone();
  recipe.require();
  mask::require(method.mask, backbone.grid(), method.views);
  if (images.channels() != backbone.image().channels)
    throw Error{"fit: the images have ", images.channels(), " channels, the model takes ",
                backbone.image().channels};
  if (recipe.normalisation) recipe.normalisation->require(images.channels());
  if (recipe.augment_on_device && !AugmentsImages<std::remove_cvref_t<decltype(trainer.device())>>)
    throw Error{"fit: augment_on_device is for a GPU; on a CPU the loader's threads augment"};
  if (images.size() < recipe.batch)
    throw Error{"fit: a batch of ", recipe.batch, " is larger than the data set of ", images.size(),
                " images: take a smaller batch"};
}

namespace detail {

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

}  // namespace detail

/// Trains until the recipe's last epoch, or until a callback stops the run; goes on where the
/// trainer is if it has taken steps already. Everything that is drawn is a function of the
/// trainer's seed, so a run that was interrupted ends with the bits of one that was not.
///
///     train::fit(trainer, images, {.epochs = 5, .batch = 256}, train::Progress{});
///
/// Throws Error where the recipe does not fit the data or the model, where too many images cannot
/// be read, and where the loss is not finite: that step counts, but has left the student as it was.
/// Where anything else throws after a step (a data set, a callback), the run is stopped as by a
/// callback, `record` called where it was not, and `save` once, so that nothing is lost, before the
/// exception goes on.
template <class Trainer, data::Dataset Dataset, class... Callbacks>
void fit(Trainer& trainer, const Dataset& images, const Recipe& recipe, Callbacks&&... callbacks) {
  using Watched = Run<Trainer, Dataset>;
  static_assert(((Callback<std::remove_reference_t<Callbacks>, Watched> ||
                  !fits_phases<std::remove_reference_t<Callbacks>, Watched>()) &&
                 ...),
                "fit: a callback has none of restore(run), begin(run), step(run, record), "
                "epoch(run, record), record(run, record), save(run, record), end(run)");
  static_assert((fits_phases<std::remove_reference_t<Callbacks>, Watched>() && ...),
                "fit: a callback has a member of a phase's name that cannot be called as in "
                "train/callbacks.hpp: with (run), or with (run, record), on this object");
  train::require(trainer, images, recipe);
  const Recipe complete = recipe.completed(trainer.method().backbone().image());
  Watched run{trainer, images, complete};
  const auto each = [&](const auto& call) { (call(callbacks), ...); };

  each([&](auto& c) {
    if constexpr (requires { c.restore(run); }) c.restore(run);
  });
  each([&](auto& c) {
    if constexpr (requires { c.begin(run); }) c.begin(run);
  });
  detail::Stepper stepper{run};
  StepRecord record;
  bool saving = false;
  const auto save = [&] {
    saving = true;
    each([&](auto& c) {
      if constexpr (requires { c.save(run, record); }) c.save(run, record);
    });
    saving = false;
  };
  Index written = 0;             // the last step whose record was
  const auto write_down = [&] {  // by all, also where one of them fails
    written = record.step;
    std::exception_ptr first;
    each([&](auto& c) {
      if constexpr (requires { c.record(run, record); }) {
        try {
          c.record(run, record);
        } catch (...) {
          if (!first) first = std::current_exception();
        }
      }
    });
    if (first) std::rethrow_exception(first);
  };
  const auto take = [&] {
    record = stepper.take();
    each([&](auto& c) {
      if constexpr (requires { c.step(run, record); }) c.step(run, record);
    });
    if (run.step() % run.steps_per_epoch() == 0)
      each([&](auto& c) {
        if constexpr (requires { c.epoch(run, record); }) c.epoch(run, record);
      });
    write_down();
    save();
  };
  try {
    while (!run.finished() && !run.stopping()) take();
  } catch (...) {
    // Not within a step, whose state is neither the last nor the next one's.
    if (record.step > 0 && record.step == run.step() && !saving) {
      run.stop();
      // The first reason is the one to tell.
      try {
        if (written != record.step) write_down();
      } catch (...) {
      }
      try {
        save();
      } catch (...) {
      }
    }
    throw;
  }
  each([&](auto& c) {
    if constexpr (requires { c.end(run); }) c.end(run);
  });
}

}  // namespace extrema::train
