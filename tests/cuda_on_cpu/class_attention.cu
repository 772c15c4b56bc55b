// SPDX-License-Identifier: MIT
// Class attention on the GPU against the CPU.
#include <doctest/doctest.h>

#include <vector>

#include "both.hpp"
#include "extrema/cpu/class_attention.hpp"
#include "extrema/cpu/transfer.hpp"
#include "extrema/cuda/class_attention.cuh"
#include "extrema/cuda/transfer.cuh"

namespace {

using namespace extrema;
using compare::Bound, compare::Data, compare::Draw;

struct Case {
  std::vector<int> lengths;
  int heads;
  int width;  // of a head
};

/// The kernels look at 512 keys at a time, one of which is the class token. Rows of 5 and 33
/// columns are not read in packs; one of 1200 has more columns than a block has threads.
const std::vector<Case> cases{{{1, 0, 2, 15, 16, 17, 0, 39}, 2, 8},
                              {{0, 64, 65}, 3, 32},
                              {{196, 257}, 2, 64},
                              {{39, 2, 0, 17}, 2, 80},
                              {{7, 30}, 3, 5},
                              {{3, 0, 9}, 1, 33},
                              {{4, 5}, 1, 1200},
                              {{511, 512, 1100}, 1, 8},
                              {{0}, 1, 64},
                              {{0, 0, 0}, 2, 8}};

auto forward(const Case& c, const Draw& draw = compare::normal) {
  return [=]<class D>(Data<D>& data) {
    const Sequences sequences = data.sequences(c.lengths);
    const Index count = sequences.count, rows = count + sequences.tokens,
                columns = Index{c.heads} * c.width;
    return ops::ClassAttention<Scalar<D>, Wide<D>>{
        .q = data.input(count, columns, draw),
        .k = data.input(rows, columns, draw),
        .v = data.input(rows, columns),
        .sequences = sequences,
        .heads = c.heads,
        .y = data.output("y", count, columns),
        .normaliser = data.output("normaliser", count, c.heads)};
  };
}

/// With an output and a normaliser that are drawn, too.
auto backward(const Case& c) {
  return [=]<class D>(Data<D>& data) {
    const Sequences sequences = data.sequences(c.lengths);
    const Index count = sequences.count, rows = count + sequences.tokens,
                columns = Index{c.heads} * c.width;
    return ops::ClassAttentionBackward<Scalar<D>, Wide<D>>{
        .q = data.input(count, columns),
        .k = data.input(rows, columns),
        .v = data.input(rows, columns),
        .y = data.input(count, columns),
        .normaliser = data.input(count, c.heads, compare::between(3, 5)),
        .sequences = sequences,
        .heads = c.heads,
        .grad_y = data.input(count, columns),
        .grad_q = data.output("grad_q", count, columns),
        .grad_k = data.output("grad_k", rows, columns),
        .grad_v = data.output("grad_v", rows, columns)};
  };
}

/// Sums of up to 1200 terms that are rounded once each. In bfloat16 they are Wide, too, and what is
/// rounded in the end is so on both sides.
template <class Format>
Bound bound() {
  return {std::is_same_v<Format, fp64> ? 1e-13 : 1e-5};
}

}  // namespace

TEST_CASE_TEMPLATE("class attention and its gradients", Format, ALL_FORMATS) {
  Both<Format> both;
  for (const Case& c : cases) {
    CAPTURE(c.lengths.front());
    CAPTURE(c.heads);
    CAPTURE(c.width);
    CHECK(both.difference(forward(c), bound<Format>()) == "");
    CHECK(both.difference(backward(c), bound<Format>()) == "");
  }
}

TEST_CASE("scores of any size neither overflow nor vanish") {
  const Draw large = [](random::Stream& random) { return 6 * compare::normal(random); };
  // Scores of up to some hundreds, whose rounding the exponential makes a share of the result.
  CHECK(Both<fp32>{}.difference(forward({{600, 3}, 1, 8}, large), {3e-4}) == "");
}

TEST_CASE("class attention makes the same bits again, and in a graph") {
  const Case c{{65, 0, 17}, 2, 32};
  Both<bf16> both;
  CHECK(both.repetition(forward(c)) == "");
  CHECK(both.repetition(backward(c)) == "");
  CHECK(both.replayed(backward(c), bound<bf16>()) == "");
}
