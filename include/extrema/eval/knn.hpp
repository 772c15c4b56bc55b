// SPDX-License-Identifier: MIT
// Weighted k-nearest-neighbour classification of frozen features (Wu et al., arXiv 1805.01978).
// N bank rows, Q queries, P features, K neighbours
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "extrema/core/error.hpp"
#include "extrema/device/download.hpp"
#include "extrema/device/upload.hpp"
#include "extrema/ops/nearest.hpp"
#include "extrema/ops/rows.hpp"

namespace extrema::eval {

/// The K bank rows of the largest cosine vote for their label, each with weight exp(cosine /
/// temperature). Of equal cosines the lower index counts, of equal votes the lower label wins. A
/// bank of fewer than K rows votes as a whole. The result does not depend on the number of threads.
struct Knn {
  int neighbours = 20;
  double temperature = 0.07;

  /// The label of each query; -1 where none of its cosines is a number. Features are host memory,
  /// of any length (they are normalised here); labels are >= 0.
  template <Backend Device>
  std::vector<std::int32_t> predict(Device& device, Matrix<const float> bank,  // (N, P)
                                    std::span<const std::int32_t> bank_labels,
                                    Matrix<const float> queries) const {  // (Q, P)
    check(bank, bank_labels, queries);
    const Index k = std::min<Index>(neighbours, bank.rows);
    const auto rows = unit_rows(device, bank);                               // (N, P)
    const Buffer<Wide<Device>, typename Device::Memory> product{batch * k};  // (batch, K)
    const Buffer<std::int32_t, typename Device::Memory> index{batch * k};    // (batch, K)
    std::vector<std::int32_t> result;
    result.reserve(static_cast<std::size_t>(queries.rows));
    std::vector<double> votes(1 + static_cast<std::size_t>(std::ranges::max(bank_labels)));
    for (Index first = 0; first < queries.rows; first += batch) {
      const Index count = std::min(batch, queries.rows - first);
      const auto x = unit_rows(device, queries.slice(first, count));  // (count, P)
      ops::run(device, ops::Nearest<Wide<Device>>{{x.data(), count, bank.cols},
                                                  {rows.data(), bank.rows, bank.cols},
                                                  {product.data(), count, k},
                                                  {index.data(), count, k}});
      const auto cosines =
          download(device, Matrix<const Wide<Device>>{product.data(), 1, count * k});
      const auto indices = download(device, Matrix<const std::int32_t>{index.data(), 1, count * k});
      for (std::size_t i = 0, n = static_cast<std::size_t>(k); i < cosines.size(); i += n)
        result.push_back(elect(std::span{cosines}.subspan(i, n), std::span{indices}.subspan(i, n),
                               bank_labels, votes));
    }
    return result;
  }

  /// The share of queries whose label is found, in [0, 1].
  template <Backend Device>
  double accuracy(Device& device, Matrix<const float> bank,
                  std::span<const std::int32_t> bank_labels, Matrix<const float> queries,
                  std::span<const std::int32_t> query_labels) const {
    if (std::ssize(query_labels) != queries.rows || queries.rows == 0)
      throw Error{"Knn: expected a label for each of ", queries.rows, " > 0 queries, found ",
                  query_labels.size()};
    const auto predicted = predict(device, bank, bank_labels, queries);
    Index hits = 0;
    for (std::size_t i = 0; i < predicted.size(); ++i) hits += predicted[i] == query_labels[i];
    return static_cast<double>(hits) / static_cast<double>(queries.rows);
  }

 private:
  static constexpr Index batch = 4096;  // queries at a time, which bounds the memory

  void check(Matrix<const float> bank, std::span<const std::int32_t> labels,
             Matrix<const float> queries) const {
    if (neighbours < 1 || !(temperature > 0))
      throw Error{"Knn: expected neighbours >= 1 and a temperature above 0, found ", neighbours,
                  " and ", temperature};
    if (bank.rows == 0 || std::ssize(labels) != bank.rows)
      throw Error{"Knn: expected a label for each of ", bank.rows, " > 0 rows of the bank, found ",
                  labels.size()};
    if (bank.cols != queries.cols)
      throw Error{"Knn: expected queries of the bank's ", bank.cols, " features, found ",
                  queries.cols};
    if (std::ranges::min(labels) < 0)
      throw Error{"Knn: expected labels >= 0, found ", std::ranges::min(labels)};
  }

  template <class Device>
  static auto unit_rows(Device& device, Matrix<const float> host) {
    using W = Wide<Device>;
    auto x = upload(device, std::vector<W>(host.data, host.data + host.size()));
    const Matrix<W> rows{x.data(), host.rows, host.cols};
    const Scope scope{device.workspace()};
    ops::run(device,
             ops::NormaliseRows<W>{.x = rows, .y = rows, .scale = take_wide(device, host.rows, 1)});
    device.synchronise();
    return x;
  }

  template <class W>
  std::int32_t elect(std::span<const W> cosines, std::span<const std::int32_t> indices,
                     std::span<const std::int32_t> labels, std::span<double> votes) const {
    std::ranges::fill(votes, 0.0);
    for (std::size_t i = 0; i < indices.size() && indices[i] >= 0; ++i)
      votes[static_cast<std::size_t>(labels[static_cast<std::size_t>(indices[i])])] +=
          std::exp((static_cast<double>(cosines[i]) - 1) / temperature);
    const auto best = std::ranges::max_element(votes);
    return *best > 0 ? static_cast<std::int32_t>(best - votes.begin()) : -1;
  }
};

}  // namespace extrema::eval
