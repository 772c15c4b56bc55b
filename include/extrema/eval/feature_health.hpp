// SPDX-License-Identifier: MIT
// Signs of collapse in features: how far they spread, how many dimensions they use, how well
// student and teacher agree.   N rows, P features
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "extrema/core/error.hpp"
#include "extrema/device/download.hpp"
#include "extrema/device/upload.hpp"
#include "extrema/ops/rows.hpp"
#include "extrema/ops/singular_values.hpp"

namespace extrema::eval {

namespace detail {

inline double norm(const float* x, Index size) {
  double sum = 0;
  for (Index j = 0; j < size; ++j) sum += static_cast<double>(x[j]) * static_cast<double>(x[j]);
  return std::sqrt(sum);
}

}  // namespace detail

/// The standard deviation (over rows) of each dimension of the features on the unit sphere,
/// averaged over dimensions: about 1 / sqrt(P) where they spread evenly, 0 where all rows are one
/// (SimSiam, arXiv 2011.10566). Rows of zeros count as they are.
inline double feature_deviation(Matrix<const float> x) {  // (N, P)
  if (x.size() == 0) throw Error{"feature_deviation: expected features, found none"};
  const auto rows = static_cast<double>(x.rows);
  std::vector<double> mean(static_cast<std::size_t>(x.cols)), square(mean.size());
  const auto each = [&](const auto& body) {
    for (Index i = 0; i < x.rows; ++i) {
      const double norm = detail::norm(x.row(i), x.cols), scale = norm > 0 ? 1 / norm : 0;
      for (Index j = 0; j < x.cols; ++j)
        body(static_cast<std::size_t>(j), static_cast<double>(x.row(i)[j]) * scale);
    }
  };
  each([&](std::size_t j, double value) { mean[j] += value / rows; });
  each([&](std::size_t j, double value) { square[j] += (value - mean[j]) * (value - mean[j]); });
  double sum = 0;
  for (const double s : square) sum += std::sqrt(s / rows);
  return sum / static_cast<double>(x.cols);
}

/// The mean cosine between a row of one and the same row of the other; 0 for rows of zeros.
inline double mean_cosine(Matrix<const float> a, Matrix<const float> b) {  // (N, P) each
  if (!same_shape(a, b) || a.size() == 0)
    throw Error{"mean_cosine: expected features of one shape, found (",
                a.rows,
                ", ",
                a.cols,
                ") and (",
                b.rows,
                ", ",
                b.cols,
                ")"};
  double sum = 0;
  for (Index i = 0; i < a.rows; ++i) {
    double product = 0;
    for (Index j = 0; j < a.cols; ++j)
      product += static_cast<double>(a.row(i)[j]) * static_cast<double>(b.row(i)[j]);
    const double norms = detail::norm(a.row(i), a.cols) * detail::norm(b.row(i), b.cols);
    if (norms != 0) sum += product / norms;
  }
  return sum / static_cast<double>(a.rows);
}

/// exp of the entropy of the singular values' shares of their sum (RankMe, arXiv 2210.02885): from
/// 1 (one direction) to min(N, P); 0 for features of zeros only. Features are taken as they are,
/// neither centred nor normalised.
template <Backend Device>
double effective_rank(Device& device, Matrix<const float> x) {  // (N, P)
  if (x.size() == 0) throw Error{"effective_rank: expected features, found none"};
  using W = Wide<Device>;
  const auto features = upload(device, std::vector<W>(x.data, x.data + x.size()));
  const Buffer<double, typename Device::Memory> values{std::min(x.rows, x.cols)};
  ops::run(device, ops::SingularValues<W>{{features.data(), x.rows, x.cols}, values.view()});
  const auto singular = download(device, reading(values.view()));
  double sum = 0, entropy = 0;
  for (const double s : singular) sum += s;
  if (sum == 0) return 0;
  for (const double s : singular)
    if (s != 0) entropy -= s / sum * std::log(s / sum);
  return std::exp(entropy);
}

}  // namespace extrema::eval
