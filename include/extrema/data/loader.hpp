// SPDX-License-Identifier: MIT
// Endless batches of augmented images for pretraining: in an order, with draws and with substitutes
// for unreadable images that depend on (seed, epoch, sample) alone, whatever the number of threads.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "extrema/core/error.hpp"
#include "extrema/core/random.hpp"
#include "extrema/core/round_up.hpp"
#include "extrema/data/augmentation.hpp"
#include "extrema/data/augmenter.hpp"
#include "extrema/data/concepts.hpp"
#include "extrema/data/pair.hpp"
#include "extrema/data/pipeline.hpp"
#include "extrema/data/unreadable.hpp"

namespace extrema::data {

/// A place in the endless row of batches.
struct Position {
  std::uint32_t epoch = 0;
  Index index = 0;  // of the batch in its epoch
  bool operator==(const Position&) const = default;
};

struct LoaderOptions {
  Index batch = 256;
  std::uint64_t seed = 0;
  int threads = 1;   // that decode and augment
  int prefetch = 2;  // batches made ahead
  Augmentation augmentation{};
  bool drop_last = true;  // leave an epoch's last batch out if it is not full
  bool plans = false;     // for ops::Augment to carry out, in place of images
  Position first{};       // where to go on after a restart
  UnreadableLimit unreadable{};
};

/// Lent by the loader until its following next().
struct Batch {
  std::uint32_t epoch = 0;
  Index index = 0;                         // in the epoch
  std::span<const std::uint32_t> samples;  // (B) that are shown, substitutes included
  const std::uint8_t* student = nullptr;   // (B, C, H, W)
  const std::uint8_t* teacher = nullptr;   // (B, C, H, W), the same memory where they share it
  Plans plans = {};                        // (B) instead, where the options say so
  ImageExtent extent{};
  std::span<const Skipped> skipped;  // that this batch is the first to meet

  Index size() const { return std::ssize(samples); }
};

/// The order of an epoch: the samples by ascending random key. (Two of equal key stay in order.)
inline void shuffle(std::uint64_t seed, std::uint32_t epoch, std::span<std::uint32_t> order,
                    std::vector<std::uint64_t>& scratch) {
  scratch.resize(order.size());
  for (std::uint32_t i = 0; i < order.size(); ++i)
    scratch[i] =
        std::uint64_t{random::Stream{seed, random::Purpose::shuffle, epoch, i}.bits()} << 32 | i;
  std::ranges::sort(scratch);
  std::ranges::transform(scratch, order.begin(),
                         [](std::uint64_t key) { return static_cast<std::uint32_t>(key); });
}

namespace detail {

/// What the loader's threads do.
template <Dataset D>
class LoaderJob {
 public:
  struct Worker {
    Reader<D> reader;
    Augmenter augment;
    PairMaker maker;
    PairPlanner planner;
  };
  struct Slot {
    Position position;
    std::vector<std::uint32_t> samples;            // (B)
    std::vector<std::uint8_t> student, teacher;    // (B, C, H, W)
    std::vector<std::vector<std::uint8_t>> plans;  // (B) instead
    std::vector<std::vector<Skipped>> skipped;     // (B)
  };

  LoaderJob(const D& dataset, const LoaderOptions& options)
      : dataset_{dataset},
        options_{options},
        size_{static_cast<std::uint32_t>(dataset.size())},
        extent_{dataset.channels(), options.augmentation.height, options.augmentation.width},
        next_{options.first},
        order_(size_) {
    require();
    if (next_.index >= batches_per_epoch()) next_ = {next_.epoch + 1, 0};
    shuffle(options_.seed, next_.epoch, order_, keys_);
  }

  Index batches_per_epoch() const {
    return options_.drop_last ? size_ / options_.batch : divide_up(size_, options_.batch);
  }
  ImageExtent extent() const { return extent_; }
  std::uint32_t size() const { return size_; }

  Worker worker() const {
    return {data::reader(dataset_), {options_.augmentation, options_.seed}, {}, {}};
  }

  Index open(Slot& slot) {
    if (next_.index == batches_per_epoch()) {
      next_ = {next_.epoch + 1, 0};
      shuffle(options_.seed, next_.epoch, order_, keys_);
    }
    slot.position = next_;
    const Index first = next_.index++ * options_.batch;
    const Index count = std::min(options_.batch, size_ - first);
    slot.samples.assign(order_.begin() + first, order_.begin() + first + count);
    reserve(slot);
    slot.skipped.resize(static_cast<std::size_t>(options_.batch));
    for (auto& skipped : slot.skipped) skipped.clear();
    return count;
  }

  /// Tries the sample itself, then others in a random order of its own.
  void fill(Slot& slot, Index position, Worker& worker) const {
    std::uint32_t& sample = slot.samples.data()[position];
    random::Stream others{options_.seed, random::Purpose::substitute, slot.position.epoch, sample};
    for (int tries = 0; tries < most_tries; ++tries) try {
        return make(slot, position, sample, worker);
      } catch (const Unreadable& error) {
        slot.skipped.data()[position].push_back({sample, error.what()});
        sample = others.below(size_);
      }
    throw Error{"Loader: no substitute found in ", most_tries,
                " tries: ", slot.skipped.data()[position].front().reason};
  }

 private:
  static constexpr int most_tries = 100;

  void require() const {
    if (dataset_.size() < 1) throw Error{"Loader: the data set holds no images"};
    if (dataset_.size() > 0xffffffff)
      throw Error{"Loader: expected at most 4294967295 images, found ", dataset_.size()};
    if (options_.batch < 1) throw Error{"Loader: expected batch >= 1, found ", options_.batch};
    if (options_.batch > dataset_.size() && options_.drop_last)
      throw Error{"Loader: a batch of ", options_.batch, " is larger than the data set of ",
                  dataset_.size(), " images; take a smaller batch"};
    if (extent_.height < 1 || extent_.width < 1)
      throw Error{"Loader: expected images of at least 1 x 1, found ", extent_.height, " x ",
                  extent_.width};
  }

  void reserve(Slot& slot) const {
    if (options_.plans) return slot.plans.resize(static_cast<std::size_t>(options_.batch));
    const auto bytes = static_cast<std::size_t>(options_.batch * extent_.size());
    slot.student.resize(bytes);
    if (!shares_image(options_.augmentation.pair)) slot.teacher.resize(bytes);
  }

  void make(Slot& slot, Index position, std::uint32_t sample, Worker& worker) const {
    const auto augment = [&](auto& pair) {
      worker.augment(worker.reader, slot.position.epoch, sample, pair);
    };
    if (options_.plans) {
      worker.planner.begin(slot.plans.data()[position], extent_);
      return augment(worker.planner);
    }
    worker.maker.begin(image(slot.student, position),
                       slot.teacher.empty() ? Planes{} : image(slot.teacher, position));
    augment(worker.maker);
  }

  Planes image(std::vector<std::uint8_t>& batch, Index position) const {
    return {extent_.channels, extent_.height, extent_.width,
            batch.data() + position * extent_.size()};
  }

  const D& dataset_;
  const LoaderOptions options_;
  const std::uint32_t size_;
  const ImageExtent extent_;
  Position next_;
  std::vector<std::uint32_t> order_;  // (size) of the epoch of next_
  std::vector<std::uint64_t> keys_;
};

}  // namespace detail

/// Reads `dataset`, which outlives the loader.
template <Dataset D>
class Loader {
 public:
  using Options = LoaderOptions;

  /// Throws Error if the options do not fit the data set.
  explicit Loader(const D& dataset, const LoaderOptions& options = {})
      : job_{dataset, options},
        skipped_{job_.size(), options.unreadable},
        pipeline_{job_, options.threads, options.prefetch} {}
  Loader(const D&&, const LoaderOptions& = {}) = delete;

  /// Waits for the next batch. Throws Error when too many images are unreadable.
  const Batch& next() {
    auto& slot = *pipeline_.next();
    const Index known = skipped_.count();
    for (std::size_t i = 0; i < slot.samples.size(); ++i) {
      for (Skipped& image : slot.skipped[i]) skipped_.add(std::move(image));
      skipped_.met(slot.samples[i]);
    }
    skipped_.check();
    batch_ = {slot.position.epoch,
              slot.position.index,
              slot.samples,
              slot.student.data(),
              slot.teacher.empty() ? slot.student.data() : slot.teacher.data(),
              Plans{slot.plans}.first(slot.plans.empty() ? 0 : slot.samples.size()),
              job_.extent(),
              skipped_.from(known)};
    return batch_;
  }

  Index batches_per_epoch() const { return job_.batches_per_epoch(); }
  /// Channels of the data set, height and width of the augmentation.
  ImageExtent extent() const { return job_.extent(); }
  /// All images skipped so far, each once.
  std::span<const Skipped> skipped() const { return skipped_.from(); }

 private:
  detail::LoaderJob<D> job_;
  SkippedImages skipped_;
  Batch batch_;
  Pipeline<detail::LoaderJob<D>> pipeline_;
};

}  // namespace extrema::data
