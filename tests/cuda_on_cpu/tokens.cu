// SPDX-License-Identifier: MIT
// Patches, positions and class tokens on the GPU against the CPU.
#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "both.hpp"
#include "extrema/cpu/tokens.hpp"
#include "extrema/cpu/transfer.hpp"
#include "extrema/cuda/sum_rows.cuh"
#include "extrema/cuda/tokens.cuh"
#include "extrema/cuda/transfer.cuh"

namespace {

using namespace extrema;
using compare::Bound, compare::Data;

struct Case {
  ImageExtent extent;
  int patch;
  std::vector<int> lengths;
};

/// Patches of 4 and 16 are read four pixels at a time, but not where lines are not so long. Where a
/// patch does not divide the image, its last lines and columns belong to no patch.
const std::vector<Case> cases{{{3, 32, 32}, 4, {1, 0, 16, 7, 8, 9, 0}},
                              {{3, 32, 48}, 16, {6, 0, 2}},
                              {{1, 14, 21}, 7, {3, 6, 1}},
                              {{5, 12, 9}, 3, {17, 0, 30}},
                              {{2, 8, 14}, 4, {5, 6}},
                              {{3, 8, 8}, 8, {1, 1}},
                              {{3, 16, 16}, 2, {64, 65, 196, 257}},
                              {{3, 32, 32}, 4, {0, 0}},
                              {{3, 17, 23}, 4, {9, 12}}};
constexpr int images = 2;

Index columns(const Case& c) { return Index{c.extent.channels} * c.patch * c.patch; }

template <class D>
Views views(Data<D>& data, const Case& c) {
  return data.views(c.lengths, c.extent.grid(c.patch).size(), images);
}

template <class Pixel>
auto gather(const Case& c, bool affine) {
  return [=]<class D>(Data<D>& data) {
    using Of = std::conditional_t<std::is_void_v<Pixel>, Wide<D>, std::uint8_t>;
    const Views seen = views(data, c);
    ops::GatherPatches<Of, Scalar<D>, Wide<D>> op{
        .images = data.input(images, c.extent.size(), compare::pixel),
        .extent = c.extent,
        .patch = c.patch,
        .views = seen,
        .rows = data.output("rows", seen.sequences.tokens, columns(c))};
    if (affine) op.affine = data.input(c.extent.channels, 2);
    return op;
  };
}

auto scatter(const Case& c) {
  return [=]<class D>(Data<D>& data) {
    const Views seen = views(data, c);
    return ops::ScatterPatches<Scalar<D>, Wide<D>>{
        .rows = data.input(seen.sequences.tokens, columns(c)),
        .extent = c.extent,
        .patch = c.patch,
        .views = seen,
        .images = data.inout("images", images, c.extent.size())};
  };
}

template <class X>
auto add_positions(const std::vector<int>& lengths, Index columns) {
  return [=]<class D>(Data<D>& data) {
    const Views views = data.views(lengths, 23, images);
    return ops::AddPositions<X, Wide<D>>{.table = data.input(23, columns),
                                         .views = views,
                                         .x = data.inout("x", views.sequences.tokens, columns)};
  };
}
template <class X>
auto repeat_row(Index rows, Index columns) {
  return [=]<class D>(Data<D>& data) {
    return ops::RepeatRow<X, Wide<D>>{data.input(1, columns), data.output("y", rows, columns)};
  };
}
template <class X>
auto sum_rows(Index rows, Index columns) {
  return [=]<class D>(Data<D>& data) {
    return ops::SumRows<X, Wide<D>>{data.input(rows, columns), data.inout("sum", 1, columns)};
  };
}

/// A GPU may multiply and add with one rounding.
template <class Format>
Bound one_rounding() {
  return {std::is_same_v<Format, fp64> ? 1e-15 : 3e-7};
}
constexpr Bound same_bits{0};

}  // namespace

TEST_CASE_TEMPLATE("gathering patches of 8-bit and of Wide pixels", Format, ALL_FORMATS) {
  Both<Format> both;
  for (const Case& c : cases) {
    CAPTURE(c.patch);
    CAPTURE(c.lengths.front());
    for (const bool affine : {true, false}) {
      CHECK(both.difference(gather<std::uint8_t>(c, affine), one_rounding<Format>()) == "");
      CHECK(both.difference(gather<void>(c, affine), one_rounding<Format>()) == "");
    }
  }
}

TEST_CASE_TEMPLATE("scattering patches that several tokens show, in their order", Format,
                   ALL_FORMATS) {
  Both<Format> both;
  for (const Case& c : cases) {
    CAPTURE(c.patch);
    CAPTURE(c.lengths.front());
    CHECK(both.difference(scatter(c), same_bits) == "");
  }
}

TEST_CASE_TEMPLATE("positions and class tokens", Format, fp32, bf16, bf16_stream, fp64) {
  using X = typename Format::Stream;
  Both<Format> both;
  const double sums = std::is_same_v<Format, fp64> ? 1e-14 : 3e-6;  // of up to 257 terms
  for (const Index columns : {1, 31, 48, 192, 257}) {
    CAPTURE(columns);
    CHECK(both.difference(add_positions<X>({1, 0, 17, 39}, columns), same_bits) == "");
    CHECK(both.difference(add_positions<X>({0}, columns), same_bits) == "");
    for (const Index rows : {1, 2, 31, 33, 257}) {
      CAPTURE(rows);
      CHECK(both.difference(repeat_row<X>(rows, columns), same_bits) == "");
      CHECK(both.difference(sum_rows<X>(rows, columns), {sums}) == "");
      CHECK(both.repetition(sum_rows<X>(rows, columns)) == "");
    }
  }
}

TEST_CASE("patches in a graph") {
  Both<bf16> both;
  for (const Case& c : {cases[0], cases[3]}) {
    CHECK(both.replayed(gather<std::uint8_t>(c, true), one_rounding<bf16>()) == "");
    CHECK(both.replayed(scatter(c), same_bits) == "");
  }
}
