// SPDX-License-Identifier: MIT
// First values: the official code's distributions; and tables of positions, made and resized.
#include "extrema/nn/initialise.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "extrema/nn/resize_positions.hpp"
#include "extrema/nn/vit.hpp"

using namespace extrema;

namespace {

struct Moments {
  double mean = 0, deviation = 0, largest = 0;
};

Moments moments(const std::vector<double>& values, const ParameterEntry& entry) {
  Moments m;
  const auto n = static_cast<double>(entry.size());
  const double* first = values.data() + entry.where.offset;
  for (Index i = 0; i < entry.size(); ++i) {
    m.mean += first[i] / n;
    m.deviation += first[i] * first[i] / n;
    m.largest = std::max(m.largest, std::abs(first[i]));
  }
  m.deviation = std::sqrt(m.deviation);
  return m;
}

constexpr nn::VitShape shape{.patch = 8, .dim = 192, .depth = 1, .heads = 3, .class_depth = 1};

}  // namespace

TEST_CASE("every parameter begins as in the official code") {
  Layout layout;
  const nn::Vit<shape> vit{Path{layout}, {.image = {3, 16, 24}, .layer_scale = 0.25}};
  const auto values = nn::initialise<double>(layout, 1);
  const auto uniform = [&](const ParameterEntry& entry, double bound) {
    const Moments m = moments(values, entry);
    CHECK(m.largest <= bound);
    CHECK(m.largest > 0.97 * bound);
    CHECK(m.deviation == doctest::Approx(bound / std::sqrt(3.)).epsilon(0.05));
    CHECK(std::abs(m.mean) < 0.15 * bound);
  };
  for (const auto& entry : layout.entries()) {
    CAPTURE(entry.name);
    const auto is = [&](const char* end) { return entry.name.ends_with(end); };
    const double* first = values.data() + entry.where.offset;
    if (is("cls_token")) {
      CHECK(moments(values, entry).deviation == doctest::Approx(0.02).epsilon(0.15));
    } else if (is("patch_embed.proj.bias")) {  // a convolution's default
      uniform(entry, 1 / std::sqrt(3. * 8 * 8));
    } else if (is("qkv.weight")) {  // as one matrix of 3 D rows
      uniform(entry, std::sqrt(6. / (4 * 192)));
    } else if (is("patch_embed.proj.weight")) {  // flattened
      uniform(entry, std::sqrt(6. / (192 + 3 * 8 * 8)));
    } else if (is("gamma_1") || is("gamma_2")) {
      CHECK(std::all_of(first, first + entry.size(), [](double x) { return x == 0.25; }));
    } else if (is("norm.weight") || is("norm1.weight") || is("norm2.weight")) {
      CHECK(std::all_of(first, first + entry.size(), [](double x) { return x == 1; }));
    } else if (is(".bias")) {
      CHECK(moments(values, entry).largest == 0);
    } else if (is(".weight")) {
      uniform(entry, std::sqrt(6. / static_cast<double>(entry.where.rows + entry.where.cols)));
    } else {
      CHECK(entry.name == "pos_embed");
    }
  }
}

TEST_CASE("the same seed gives the same values, another gives others") {
  Layout layout;
  const nn::Vit<shape> vit{Path{layout}, {.image = {3, 16, 24}}};
  const auto one = nn::initialise<float>(layout, 1);
  CHECK(one == nn::initialise<float>(layout, 1));
  CHECK(one != nn::initialise<float>(layout, 2));
}

TEST_CASE("positions on a grid that is not square: columns first, then rows") {
  Layout layout;
  const nn::PatchEmbed layer{Path{layout}, {.image = {1, 2, 3}, .patch = 1, .width = 8}};
  const auto values = nn::initialise<double>(layout, 1);
  const double* table = values.data() + layer.positions.offset;
  for (int y = 0; y < 2; ++y)
    for (int x = 0; x < 3; ++x) {
      const double expected[] = {std::sin(x), std::sin(x / 100.), std::cos(x), std::cos(x / 100.),
                                 std::sin(y), std::sin(y / 100.), std::cos(y), std::cos(y / 100.)};
      for (int d = 0; d < 8; ++d)
        CHECK(table[(3 * y + x) * 8 + d] == doctest::Approx(expected[d]).epsilon(1e-14));
    }
}

TEST_CASE("resizing to the same grid changes nothing, and keeps constants") {
  const std::vector<double> table{1, 5, 2, 6, 3, 7, 4, 8, 5, 9, 6, 10};
  CHECK(nn::resize_positions(table, {2, 3}, {2, 3}, 2) == table);
  const std::vector<float> constant(24, 3.f);
  for (const float x : nn::resize_positions(constant, {4, 3}, {7, 2}, 2))
    CHECK(x == doctest::Approx(3));
}

TEST_CASE("resizing lines does not mix them") {
  // Four columns that grow, in two rows that differ: rows stay as they are.
  const std::vector<double> table{0, 1, 2, 3, 10, 11, 12, 13};
  const auto wide = nn::resize_positions(table, {2, 4}, {2, 8}, 1);
  for (std::size_t i = 0; i < 8; ++i) CHECK(wide[8 + i] == doctest::Approx(wide[i] + 10));
  for (std::size_t i = 2; i < 6; ++i)  // away from the ends a line stays nearly a line
    CHECK(wide[i] == doctest::Approx((static_cast<double>(i) + 0.5) / 2 - 0.5).epsilon(0.08));
}

TEST_CASE("resizing what is not of the grid is refused") {
  CHECK_THROWS_WITH_AS(nn::resize_positions(std::vector<float>(10), {2, 3}, {4, 6}, 2),
                       "resize_positions: found 10 numbers, expected 6 rows of 2", Error);
  CHECK_THROWS_WITH_AS(nn::resize_positions(std::vector<float>(12), {2, 3}, {0, 6}, 2),
                       doctest::Contains("a grid is empty"), Error);
}
