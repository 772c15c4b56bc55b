// SPDX-License-Identifier: MIT
// From settings to a run of train::fit and back.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "callbacks.hpp"
#include "extrema/core/round_up.hpp"
#include "extrema/data/subset.hpp"
#include "extrema/io/checkpoint.hpp"
#include "extrema/train/checkpoints.hpp"
#include "extrema/train/fit.hpp"
#include "extrema/train/health.hpp"
#include "extrema/train/knn_probe.hpp"
#include "extrema/train/metrics.hpp"
#include "extrema/train/progress.hpp"
#include "extrema/train/run_folder.hpp"
#include "extrema/train/stop_signal.hpp"
#include "extrema/train/trainer.hpp"
#include "identity.hpp"
#include "log_folder.hpp"
#include "options.hpp"
#include "pretrain.hpp"
#include "trial.hpp"

namespace pretrain {

using namespace extrema;

/// Place says where is computed: OnCpu<Format> (on_cpu.hpp).
template <class Place>
class Program {
  using Device = typename Place::Device;
  using Trainer = train::Trainer<Method, optim::Shipped, Device>;
  using Images = data::AnyDataset;
  using Some = data::Subset<Images>;

 public:
  Program(CommandLine& line, const Images& images)
      : line_{line},
        s_{line.settings()},
        images_{images},
        trainer_{prepared(),
                 {.method = method_options(s_, images),
                  .optimizer = optimizer(s_),
                  .seed = s_.seed,
                  .clip = s_.clip.value_or(0)}},
        recipe_{recipe(s_, images)} {}

  int run() {
    train::require(trainer_, images_, recipe_);
    describe();
    plan();
    if (s_.dry_run) return 0;
    return train();
  }

 private:
  Device& prepared() {
    Place::prepare(device_, s_);
    const int threads = Place::threads(device_);
    if constexpr (!Place::has_own_memory)  // on a GPU --threads is nobody's, also in a config.ini
      line_.resolve("--threads", std::to_string(threads));
    line_.resolve("--workers", std::to_string(s_.loader_threads.value_or(threads)));
    return device_;
  }

  void describe() const {
    const auto& backbone = trainer_.method().backbone();
    const auto& [channels, height, width] = backbone.image();
    const auto& [patch, dim, depth, heads, mlp_ratio, class_depth] = backbone.shape();
    const Grid grid = backbone.grid();
    const double parameters = static_cast<double>(trainer_.layout().size());
    std::printf(
        "%s (width %d, %d + %d blocks, %d heads), %.3g M parameters, on %td images of %d x %d x "
        "%d: "
        "grid %d x %d, %d views x %d tokens; %s on %s, seed %llu\n",
        s_.arch.c_str(), dim, depth, class_depth, heads, parameters / 1e6, images_.size(), channels,
        height, width, grid.height, grid.width, s_.views,
        mask::keep_at_most(trainer_.options().method.mask, grid), s_.precision.c_str(),
        Place::name(device_, s_).c_str(), static_cast<unsigned long long>(s_.seed));
  }

  /// Cuts the batch so that a step fits into memory, and says what the run takes.
  void plan() {
    const StepCost cost = Trial{trainer_, recipe_}.measure();
    const double images = loader_bytes(), free_now = free_memory(),
                 // (On a GPU two batches have a place of their own.)
        free = 0.9 * free_now - (Place::has_own_memory ? images * 2 / 3 : images);
    recipe_.pieces = s_.micro_batches > 0 ? s_.micro_batches : pieces_of_checkpoint();
    if (recipe_.pieces == 0)
      for (recipe_.pieces = 1; cost.bytes(micro_batch()) > free; ++recipe_.pieces)
        if (micro_batch() == 1)
          throw Error{"a step of one image at a time takes ",
                      mebibytes(cost.bytes(1) + images),
                      ", of which ",
                      mebibytes(images),
                      " for ",
                      recipe_.batch,
                      " images that wait; ",
                      mebibytes(free_now),
                      " are free: take a smaller model or --batch-size"};
    recipe_.require();
    line_.resolve("--micro-batches", std::to_string(recipe_.pieces));
    const double buffers = parameter_bytes(), seconds = cost.seconds(recipe_.batch);
    const std::string pieces =
        recipe_.pieces > 1 ? text(" in ", recipe_.pieces, " micro-batches") : std::string{};
    std::printf("%s\n",
                text("a step of ", recipe_.batch, " images", pieces, ": about ", rounded(seconds),
                     " s (", rounded(static_cast<double>(recipe_.batch) / seconds),
                     " images/s, if they are read as fast), ",
                     mebibytes(buffers + cost.bytes(micro_batch()) + images), " of memory (",
                     mebibytes(buffers), " parameters, ", mebibytes(cost.bytes(micro_batch())),
                     " activations, ", mebibytes(images), " images), ", mebibytes(free_now),
                     " free; ", s_.max_steps ? "at most " : "all ", last_step(),
                     " steps: ", train::duration_text(seconds * static_cast<double>(last_step())))
                    .c_str());
  }

  /// What the trial's steps have taken is there for the run's.
  double free_memory() {
    return Place::free_memory() + static_cast<double>(device_.workspace().held());
  }

  Index micro_batch() const { return divide_up(recipe_.batch, recipe_.pieces); }

  /// A run that goes on keeps its micro-batches, for its bits depend on them. 0: there is none.
  Index pieces_of_checkpoint() const {
    const std::string path = checkpoint();
    if (path.empty()) return 0;
    return std::min(io::Checkpoint{path}.state().at("run").value("pieces", Index{0}),
                    recipe_.batch);
  }
  std::string checkpoint() const {
    if (!s_.resume.empty()) return s_.resume;
    const std::string own = s_.output + "/checkpoint.safetensors";
    return !s_.fresh && std::filesystem::exists(own) ? own : "";
  }

  /// Not the run that the output folder holds.
  bool begins_anew() const {
    std::error_code missing;
    return s_.fresh &&
           !std::filesystem::equivalent(s_.output + "/checkpoint.safetensors", s_.resume, missing);
  }

  double parameter_bytes() {
    double count = static_cast<double>(trainer_.layout().size());  // of gradients
    double bytes = 0;
    for (const auto& buffer : trainer_.buffers())
      count += static_cast<double>(buffer.values.size());
    if (!std::is_same_v<Scalar<Device>, Wide<Device>>)
      bytes = static_cast<double>(trainer_.layout().size() + trainer_.method().encoder_size()) *
              sizeof(Scalar<Device>);
    return bytes + count * sizeof(Wide<Device>);
  }

  /// Of the batch at hand and two that are made ahead.
  double loader_bytes() const {
    const Index extent = trainer_.method().backbone().image().size() *
                         (recipe_.augment_on_device ? data::PairPlanner::most_pixels : 1);
    return static_cast<double>(3 * (data::shares_image(recipe_.augmentation.pair) ? 1 : 2) *
                               recipe_.batch * extent);
  }

  static std::string mebibytes(double bytes) {
    const double mebi = bytes / (1 << 20);
    return mebi < 1024 ? rounded(mebi) + " MiB" : rounded(mebi / 1024) + " GiB";
  }
  /// Three digits, all of those before the point: 0.0123, 12.3, 1234.
  static std::string rounded(double number) {
    char digits[32];
    std::snprintf(digits, sizeof digits, number < 100 ? "%.3g" : "%.0f", number);
    return digits;
  }

  int train() {
    const train::StopSignal stop;
    const train::RunFolder folder{s_.output};
    const LogFolder log{s_.log, s_.output};
    if (!s_.init.empty() && checkpoint().empty()) train::load_weights(trainer_, s_.init);

    const std::optional<Images> test = test_images();
    const Some looked_at = spread(images_, s_.health_images), bank = spread(images_, s_.knn_bank),
               queries = spread(test ? *test : images_, s_.knn_queries);
    const eval::EncodeOptions encode{.batch = std::min<Index>(recipe_.batch, 64),
                                     .threads = *s_.loader_threads,
                                     .unreadable = recipe_.unreadable};
    using Probe = train::KnnProbe<Some>;
    using Health = train::Health<Some>;
    train::Checkpoints checkpoints{
        {.folder = s_.output,
         .every_epochs = s_.save_every,
         .every_minutes = s_.save_minutes,
         .resume = s_.resume,
         .fresh = s_.fresh,
         .method = identity(s_, trainer_.options().method.mask),
         .recipe = {{"device", s_.device},
                    {"products", Place::products},
                    {"deterministic", s_.deterministic ? "yes" : "no"}}}};
    Skips skips;
    // What may refuse the run comes before what writes.
    train::fit(
        trainer_, images_, recipe_, Bounds{s_.start_epoch, s_.max_steps},
        Perhaps<Probe>{test.has_value(), bank, queries,
                       typename Probe::Options{.every_epochs = s_.knn_every, .encode = encode}},
        Perhaps<Health>{s_.health_images > 0, looked_at,
                        typename Health::Options{.encode = encode}},
        checkpoints, train::Progress{}, skips,
        Opening{checkpoints, folder / "config.ini", line_.configuration()},
        train::Metrics{{.folder = log.path(), .every = s_.print_every, .fresh = begins_anew()}},
        stop);
    if (skips.count > 0)
      std::printf("%td images could not be read; others took their places\n", skips.count);
    return finish(folder / "config.ini");
  }

  int finish(const std::string& configuration) const {
    if (trainer_.count() >= steps()) {
      std::printf("done: %s/teacher.safetensors, %s/student.safetensors\n", s_.output.c_str(),
                  s_.output.c_str());
      return 0;
    }
    const int signal = train::StopSignal::number();
    std::printf("stopped%s after step %td of %td, saved; to go on: %s\n",
                signal == 0 ? "" : text(" by signal ", signal).c_str(), trainer_.count(), steps(),
                line_.again(configuration).c_str());
    return signal == 0 ? 0 : 128 + signal;
  }

  Index steps() const { return images_.size() / recipe_.batch * recipe_.epochs; }
  Index last_step() const { return std::min<Index>(s_.max_steps.value_or(steps()), steps()); }

  static Some spread(const Images& images, Index count) {
    std::vector<Index> chosen(static_cast<std::size_t>(std::min(count, images.size())));
    for (std::size_t i = 0; i < chosen.size(); ++i)
      chosen[i] = static_cast<Index>(i) * images.size() / std::ssize(chosen);
    return {images, std::move(chosen)};
  }

  /// Of the k-NN evaluation, if it is wanted.
  std::optional<Images> test_images() const {
    if (s_.knn_every == 0) return {};
    const bool own = s_.knn_test.empty();
    Images test =
        data::open(own ? s_.data : s_.knn_test, {.format = data::format_named(s_.format),
                                                 .split = data::Split::test,
                                                 .decode = {.channels = s_.channels.value_or(3)}});
    if (own && test.name(0) == images_.name(0))
      throw Error{"--knn-freq: ", s_.data,
                  " has no test part of its own: name one with --knn-test"};
    if (test.class_names() != images_.class_names())
      throw Error{"--knn-freq: the classes of the test part (",
                  joined(test.class_names()),
                  ") are not those of ",
                  s_.data,
                  " (",
                  joined(images_.class_names()),
                  ")"};
    return test;
  }

  /// The first few, by comma.
  static std::string joined(const std::vector<std::string>& names) {
    std::string result;
    for (std::size_t i = 0; i < names.size() && i < 6; ++i)
      result += (i > 0 ? ", " : "") + (i < 5 ? names[i] : text("... of ", names.size()));
    return result;
  }

  CommandLine& line_;
  const Settings& s_;
  const Images& images_;
  Device device_;
  Trainer trainer_;
  train::Recipe recipe_;
};

}  // namespace pretrain
