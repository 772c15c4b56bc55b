// SPDX-License-Identifier: MIT
// Nearest neighbours and their votes against plain loops.
#include "extrema/eval/knn.hpp"

#include <doctest/doctest.h>

#include <array>
#include <map>
#include <numeric>

#include "../checked_device.hpp"

using namespace extrema;

namespace {

using One = cpu::TeamDevice<fp32, cpu::EigenProducts, cpu::OneThread>;

struct Features {
  std::vector<float> x;
  std::vector<std::int32_t> labels;
  Index width;

  Matrix<const float> rows() const { return {x.data(), std::ssize(labels), width}; }
};

/// Rows of different lengths around a centre for each label.
Features clusters(std::uint32_t sample, Index rows, Index width, std::int32_t classes) {
  random::Stream random{5, random::Purpose::init, 0, sample};
  Features result{{}, {}, width};
  for (Index i = 0; i < rows; ++i) {
    const auto label = static_cast<std::int32_t>(random.below(static_cast<std::uint32_t>(classes)));
    random::Stream centre{6, random::Purpose::init, 0, static_cast<std::uint32_t>(label)};
    const double length = 0.1 + 10 * random.uniform();
    for (Index j = 0; j < width; ++j)
      result.x.push_back(
          static_cast<float>(length * (centre.uniform() - 0.5 + 2 * (random.uniform() - 0.5))));
    result.labels.push_back(label);
  }
  return result;
}

std::vector<std::int32_t> naive(const Features& bank, const Features& queries, std::size_t k,
                                double temperature) {
  const auto cosine = [&](const float* a, const float* b) {
    double ab = 0, aa = 0, bb = 0;
    for (Index j = 0; j < bank.width; ++j) {
      ab += static_cast<double>(a[j]) * static_cast<double>(b[j]);
      aa += static_cast<double>(a[j]) * static_cast<double>(a[j]);
      bb += static_cast<double>(b[j]) * static_cast<double>(b[j]);
    }
    return ab / std::sqrt(aa * bb);
  };
  std::vector<std::int32_t> result;
  for (Index q = 0; q < queries.rows().rows; ++q) {
    std::vector<std::pair<double, std::size_t>> all;
    for (Index i = 0; i < bank.rows().rows; ++i)
      all.emplace_back(-cosine(queries.rows().row(q), bank.rows().row(i)), i);
    std::ranges::sort(all);
    std::map<std::int32_t, double> votes;
    for (std::size_t i = 0; i < std::min(k, all.size()); ++i)
      votes[bank.labels[all[i].second]] += std::exp(-all[i].first / temperature);
    result.push_back(
        std::ranges::max_element(votes, {}, [](const auto& v) { return v.second; })->first);
  }
  return result;
}

}  // namespace

TEST_CASE_TEMPLATE("the labels of a plain loop", Device, cpu::Device, One, CheckedDevice<fp64>,
                   CheckedDevice<bf16>) {
  const Features bank = clusters(1, 1300, 24, 7), queries = clusters(2, 300, 24, 7);
  Device device;
  for (const int k : {1, 5, 20, 2000}) {
    CAPTURE(k);
    const eval::Knn knn{.neighbours = k};
    const auto expected = naive(bank, queries, static_cast<std::size_t>(k), 0.07);
    CHECK(knn.predict(device, bank.rows(), bank.labels, queries.rows()) == expected);
    double hits = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) hits += expected[i] == queries.labels[i];
    const double accuracy =
        knn.accuracy(device, bank.rows(), bank.labels, queries.rows(), queries.labels);
    CHECK(accuracy == hits / 300);
    CHECK(accuracy > 0.5);  // of seven classes
  }
}

TEST_CASE("equal products are ordered by index, whatever the tiles and the threads") {
  constexpr std::size_t rows = 1200, queries = 150, k = 9;
  std::vector<float> bank(rows * 2), x(queries * 2), product(queries * k);
  std::vector<std::int32_t> index(queries * k);
  for (std::size_t i = 0; i < rows; ++i) bank[2 * i] = static_cast<float>(i % 5);  // exact
  for (std::size_t i = 0; i < queries; ++i) x[2 * i] = i % 2 ? -1 : 1;
  cpu::Device device;
  ops::run(device, ops::Nearest<float>{{x.data(), queries, 2},
                                       {bank.data(), rows, 2},
                                       {product.data(), queries, k},
                                       {index.data(), queries, k}});
  for (std::size_t q = 0; q < queries; ++q)
    for (std::size_t i = 0; i < k; ++i) {
      CHECK(product[q * k + i] == (q % 2 ? 0 : 4));
      CHECK(index[q * k + i] == static_cast<int>(5 * i + (q % 2 ? 0 : 4)));
    }
}

TEST_CASE("equal votes go to the lower label, and what is not a number does not vote") {
  const std::vector<float> bank{1, 0, 0, 1, std::nanf(""), 1}, queries{1, 1, std::nanf(""), 0};
  const std::vector<std::int32_t> labels{4, 2, 1};
  cpu::Device device;
  const eval::Knn knn{.neighbours = 3};
  CHECK(knn.predict(device, {bank.data(), 3, 2}, labels, {queries.data(), 2, 2}) ==
        std::vector<std::int32_t>{2, -1});
}

TEST_CASE("what does not fit is refused in a sentence") {
  const std::vector<float> x(12);
  const std::vector<std::int32_t> two{0, 1}, three{0, 1, 2}, negative{0, -1};
  const Matrix<const float> rows{x.data(), 2, 3}, wide{x.data(), 2, 6};
  cpu::Device device;
  const eval::Knn knn;
  CHECK_THROWS_WITH_AS(knn.predict(device, rows, three, rows),
                       "Knn: expected a label for each of 2 > 0 rows of the bank, found 3", Error);
  CHECK_THROWS_AS(knn.predict(device, {x.data(), 0, 3}, {}, rows), Error);
  CHECK_THROWS_AS(knn.predict(device, rows, two, wide), Error);
  CHECK_THROWS_AS(knn.predict(device, rows, negative, rows), Error);
  CHECK_THROWS_AS(knn.accuracy(device, rows, two, rows, three), Error);
  CHECK_THROWS_AS(eval::Knn{.neighbours = 0}.predict(device, rows, two, rows), Error);
}
