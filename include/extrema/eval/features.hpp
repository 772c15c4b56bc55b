// SPDX-License-Identifier: MIT
// Features of a data set's images, on the host.   N images, D = width
#pragma once

#include <cstdint>
#include <vector>

#include "extrema/core/tensor.hpp"
#include "extrema/data/evaluation_loader.hpp"
#include "extrema/data/unreadable.hpp"

namespace extrema::eval {

/// In the order of the data set; images that could not be read are left out and listed.
struct Features {
  Index count = 0;                          // N
  Index width = 0;                          // D
  std::vector<float> values = {};           // (N, D)
  std::vector<int> labels = {};             // (N)  -1: none
  std::vector<std::uint32_t> samples = {};  // (N)  numbers in the data set
  std::vector<data::Skipped> skipped = {};

  Matrix<const float> rows() const { return {values.data(), count, width}; }

  /// All but the values of a batch.
  void add(const data::EvaluationBatch& batch) {
    count += batch.size();
    labels.insert(labels.end(), batch.labels.begin(), batch.labels.end());
    samples.insert(samples.end(), batch.samples.begin(), batch.samples.end());
    skipped.insert(skipped.end(), batch.skipped.begin(), batch.skipped.end());
  }
};

struct EncodeOptions {
  Index batch = 128;  // images at a time
  int threads = 2;    // that decode
  data::UnreadableLimit unreadable = {};
};

}  // namespace extrema::eval
