// SPDX-License-Identifier: MIT
// Mean and deviation per channel of a data set, to normalise it by.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include "extrema/core/error.hpp"
#include "extrema/data/concepts.hpp"
#include "extrema/data/evaluation_loader.hpp"
#include "extrema/data/normalisation.hpp"
#include "extrema/data/subset.hpp"

namespace extrema::data {

struct StatisticsOptions {
  Index images = 5000;  // at most, spread evenly over the data set
  int threads = 1;
  std::optional<Evaluation> evaluation = {};  // the size at which they are looked at; none: their
                                              // own where all have one, else the usual
};

/// Sums are of integers, so the result is the same whatever the threads. Unreadable images do not
/// count. Throws Error where none can be read.
template <Dataset D>
Normalisation statistics(const D& dataset, const StatisticsOptions& options = {}) {
  const Index size = dataset.size(), wanted = std::min<Index>(options.images, size);
  std::vector<Index> chosen;
  for (Index i = 0; i < wanted; ++i) chosen.push_back(i * size / wanted);
  const Subset<D> subset{dataset, std::move(chosen)};
  Evaluation evaluation = options.evaluation.value_or(Evaluation{});
  if constexpr (HasExtent<D>)
    if (!options.evaluation) evaluation = {dataset.extent().height, dataset.extent().width};
  EvaluationLoader<Subset<D>> loader{
      subset, {.threads = options.threads, .evaluation = evaluation, .unreadable = {.share = 1}}};
  const auto channels = static_cast<std::size_t>(dataset.channels());
  std::vector<std::uint64_t> sum(channels), squares(channels);
  std::uint64_t count = 0;
  const Index area = loader.extent().size() / dataset.channels();
  while (const EvaluationBatch* batch = loader.next()) {
    const std::uint8_t* pixel = batch->pixels;
    for (Index i = 0; i < batch->size(); ++i)
      for (std::size_t c = 0; c < channels; ++c)
        for (Index p = 0; p < area; ++p, ++pixel) {
          sum[c] += *pixel;
          squares[c] += std::uint64_t{*pixel} * *pixel;
        }
    count += static_cast<std::uint64_t>(batch->size() * area);
  }
  if (count == 0) throw Error{"statistics: no image could be read"};
  Normalisation result;
  for (std::size_t c = 0; c < channels; ++c) {
    const double n = static_cast<double>(count), mean = static_cast<double>(sum[c]) / n;
    const double variance = static_cast<double>(squares[c]) / n - mean * mean;
    result.mean.push_back(static_cast<float>(mean / 255));
    result.deviation.push_back(static_cast<float>(std::sqrt(std::max(variance, 1.0)) / 255));
  }
  return result;
}

}  // namespace extrema::data
