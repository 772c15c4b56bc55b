// SPDX-License-Identifier: MIT
// What operations are compared with: plain loops in double over the values that the operation saw,
// and one table of bounds.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "extrema/core/random.hpp"
#include "extrema/cpu/cpu.hpp"

namespace naive {

using namespace extrema;

/// The largest error allowed, as a share of the largest value expected. What is rounded to bf16 is
/// off by up to 2^-9 of itself; operations that round between (probabilities stay Wide) add little.
template <class Stored>
constexpr double bound() {
  if constexpr (std::is_same_v<Stored, double>) return 1e-12;
  else if constexpr (std::is_same_v<Stored, float>) return 3e-6;
  else return 0.004;
}

/// Owned values with the view that operations take, and the same values in double.
template <class T>
class Values {
 public:
  Values(Index rows, Index cols, std::uint32_t seed, double scale = 1) : Values{rows, cols} {
    random::Stream random{seed, random::Purpose::init, 0, 0};
    for (T& value : memory_) value = static_cast<T>(scale * (2 * random.uniform() - 1));
  }
  Values(Index rows, Index cols)
      : rows_{rows}, cols_{cols}, memory_(static_cast<std::size_t>(rows * cols), T(0.f)) {}

  Matrix<T> view() { return {memory_.data(), rows_, cols_}; }
  double operator()(Index row, Index col) const {
    return static_cast<double>(memory_[static_cast<std::size_t>(row * cols_ + col)]);
  }

 private:
  Index rows_, cols_;
  std::vector<T> memory_;
};

template <class T>
void check(Matrix<T> got, const std::function<double(Index, Index)>& want, const char* what,
           double bound_of = bound<std::remove_const_t<T>>()) {
  double worst = 0, largest = 1e-30;
  for (Index i = 0; i < got.rows; ++i)
    for (Index j = 0; j < got.cols; ++j) {
      const double expected = want(i, j);
      largest = std::max(largest, std::abs(expected));
      const double error = std::abs(static_cast<double>(got.row(i)[j]) - expected);
      worst = std::isnan(error) ? 1e30 : std::max(worst, error);
    }
  CAPTURE(std::string{what});
  CAPTURE(got.rows);
  CAPTURE(got.cols);
  CHECK(worst <= bound_of * largest);
}

inline double sum(Index count, const std::function<double(Index)>& term) {
  double total = 0;
  for (Index i = 0; i < count; ++i) total += term(i);
  return total;
}

/// Offsets of packed sequences of these lengths.
class Lengths {
 public:
  explicit Lengths(const std::vector<int>& lengths) {
    for (const int n : lengths) offsets_.push_back(offsets_.back() + n);
    longest_ = *std::ranges::max_element(lengths);
  }
  Sequences sequences() const {
    return {.offsets = offsets_.data(),
            .count = static_cast<Index>(offsets_.size()) - 1,
            .tokens = offsets_.back(),
            .longest = longest_};
  }

 private:
  std::vector<std::int32_t> offsets_{0};
  Index longest_ = 0;
};

}  // namespace naive
