// SPDX-License-Identifier: MIT
// One pass over a data set in its order, as evaluation shows it: features, k-NN banks, probes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "extrema/core/error.hpp"
#include "extrema/data/concepts.hpp"
#include "extrema/data/evaluation.hpp"
#include "extrema/data/pipeline.hpp"
#include "extrema/data/unreadable.hpp"

namespace extrema::data {

struct EvaluationLoaderOptions {
  Index batch = 256;
  int threads = 1;   // that decode and resize
  int prefetch = 2;  // batches made ahead
  Evaluation evaluation{};
  UnreadableLimit unreadable{};
};

/// Lent by the loader until its following next().
struct EvaluationBatch {
  std::span<const std::uint32_t> samples;  // (B), ascending; unreadable images are left out
  std::span<const int> labels;             // (B)
  const std::uint8_t* pixels = nullptr;    // (B, C, H, W)
  ImageExtent extent{};
  std::span<const Skipped> skipped;  // of this batch

  Index size() const { return std::ssize(samples); }
};

namespace detail {

/// What the loader's threads do.
template <Dataset D>
class EvaluationJob {
 public:
  struct Worker {
    Reader<D> reader;
    Resizer resize;
  };
  struct Slot {
    std::vector<std::uint32_t> samples;  // (B)
    std::vector<int> labels;             // (B)
    std::vector<std::uint8_t> pixels;    // (B, C, H, W)
    std::vector<std::string> reasons;    // (B), empty where the image was read
  };

  EvaluationJob(const D& dataset, const EvaluationLoaderOptions& options)
      : dataset_{dataset},
        options_{options},
        extent_{dataset.channels(), options.evaluation.height, options.evaluation.width} {
    if (options.batch < 1)
      throw Error{"EvaluationLoader: expected batch >= 1, found ", options.batch};
    if (extent_.height < 1 || extent_.width < 1)
      throw Error{"EvaluationLoader: expected images of at least 1 x 1, found ", extent_.height,
                  " x ", extent_.width};
  }

  ImageExtent extent() const { return extent_; }
  Worker worker() const { return {data::reader(dataset_), {}}; }

  Index open(Slot& slot) {
    const Index count = std::min<Index>(options_.batch, dataset_.size() - next_);
    const auto size = static_cast<std::size_t>(count);
    slot.samples.resize(size);
    slot.labels.resize(size);
    slot.reasons.assign(size, {});
    slot.pixels.resize(static_cast<std::size_t>(count * extent_.size()));
    for (std::size_t i = 0; i < size; ++i, ++next_) {
      slot.samples[i] = static_cast<std::uint32_t>(next_);
      slot.labels[i] = dataset_.label(next_);
    }
    return count;
  }

  void fill(Slot& slot, Index position, Worker& worker) const {
    const auto i = static_cast<std::size_t>(position);
    const Planes to{extent_.channels, extent_.height, extent_.width,
                    slot.pixels.data() + position * extent_.size()};
    try {
      const auto [image, how] =
          read_centred(worker.reader, Index{slot.samples[i]}, options_.evaluation);
      worker.resize(image, how, to);
    } catch (const Unreadable& error) {
      slot.reasons[i] = error.what();
    }
  }

 private:
  const D& dataset_;
  const EvaluationLoaderOptions options_;
  const ImageExtent extent_;
  Index next_ = 0;
};

}  // namespace detail

/// Reads `dataset`, which outlives the loader.
template <Dataset D>
class EvaluationLoader {
 public:
  using Options = EvaluationLoaderOptions;

  explicit EvaluationLoader(const D& dataset, const EvaluationLoaderOptions& options = {})
      : job_{dataset, options},
        skipped_{static_cast<std::size_t>(dataset.size()), options.unreadable},
        pipeline_{job_, options.threads, options.prefetch} {}
  EvaluationLoader(const D&&, const EvaluationLoaderOptions& = {}) = delete;

  /// Waits for the next batch; nullptr after the last. The last may be smaller, and any that lost
  /// images. Throws Error when too many images are unreadable.
  const EvaluationBatch* next() {
    auto* slot = pipeline_.next();
    if (!slot) return nullptr;
    const Index known = skipped_.count();
    leave_out_unreadable(*slot);
    skipped_.check();
    batch_ = {slot->samples, slot->labels, slot->pixels.data(), job_.extent(),
              skipped_.from(known)};
    return &batch_;
  }

  ImageExtent extent() const { return job_.extent(); }
  /// All images skipped so far.
  std::span<const Skipped> skipped() const { return skipped_.from(); }

 private:
  using Slot = typename detail::EvaluationJob<D>::Slot;

  void leave_out_unreadable(Slot& slot) {
    std::size_t kept = 0;
    const Index size = job_.extent().size();
    for (std::size_t i = 0; i < slot.samples.size(); ++i) {
      if (!slot.reasons[i].empty()) {
        skipped_.add({slot.samples[i], std::move(slot.reasons[i])});
        continue;
      }
      skipped_.met(slot.samples[i]);
      if (kept != i) {
        slot.samples[kept] = slot.samples[i];
        slot.labels[kept] = slot.labels[i];
        std::copy_n(slot.pixels.data() + static_cast<Index>(i) * size, size,
                    slot.pixels.data() + static_cast<Index>(kept) * size);
      }
      ++kept;
    }
    slot.samples.resize(kept);
    slot.labels.resize(kept);
  }

  detail::EvaluationJob<D> job_;
  SkippedImages skipped_;
  EvaluationBatch batch_;
  Pipeline<detail::EvaluationJob<D>> pipeline_;
};

}  // namespace extrema::data
