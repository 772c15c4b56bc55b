// SPDX-License-Identifier: MIT
// Single images that cannot be read while the data set as a whole is sound: loaders skip them, name
// them once, and stop when they are too many.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "extrema/core/error.hpp"
#include "extrema/core/tensor.hpp"

namespace extrema::data {

/// Thrown for one image. One line that names the file and the reason.
class Unreadable : public Error {
 public:
  using Error::Error;
};

/// An image that was skipped.
struct Skipped {
  std::uint32_t sample = 0;
  std::string reason;  // one line that names the file
};

/// A run stops when more images than both cannot be read.
struct UnreadableLimit {
  double share = 0.01;  // of the different images met so far
  Index count = 8;
};

/// Which images a loader has met, and which of them it had to skip.
class SkippedImages {
 public:
  SkippedImages(std::size_t size, UnreadableLimit limit) : limit_{limit}, met_(size) {}

  /// Notes an image that was read.
  void met(std::uint32_t sample) { first_time(sample); }
  /// Notes one that was not; once, however often it is met.
  void add(Skipped&& image) {
    if (first_time(image.sample)) skipped_.push_back(std::move(image));
  }

  /// Throws Error where there are too many.
  void check() const {
    const double share = static_cast<double>(count()) / static_cast<double>(different_);
    if (count() > limit_.count && share > limit_.share)
      throw Error{count(),
                  " of ",
                  different_,
                  " images met so far cannot be read (",
                  100 * share,
                  " %, allowed are ",
                  100 * limit_.share,
                  " %); the first: ",
                  skipped_.front().reason};
  }

  Index count() const { return std::ssize(skipped_); }
  /// In the order of the batches, from the given one on.
  std::span<const Skipped> from(Index first = 0) const {
    return std::span{skipped_}.subspan(static_cast<std::size_t>(first));
  }

 private:
  bool first_time(std::uint32_t sample) {
    if (met_[sample]) return false;
    ++different_;
    met_[sample] = true;
    return true;
  }

  UnreadableLimit limit_;
  std::vector<bool> met_;  // (size)
  Index different_ = 0;
  std::vector<Skipped> skipped_;
};

}  // namespace extrema::data
