// SPDX-License-Identifier: MIT
// Attention on the GPU against the CPU: on tensor cores (bfloat16, heads of 32 and 64 columns) and
// by the plain kernels (all else).
#include <doctest/doctest.h>

#include <vector>

#include "both.hpp"
#include "extrema/cpu/attention.hpp"
#include "extrema/cpu/transfer.hpp"
#include "extrema/cuda/attention.cuh"
#include "extrema/cuda/transfer.cuh"

namespace {

using namespace extrema;
using compare::Bound, compare::Data, compare::Draw;

struct Case {
  std::vector<int> lengths;
  int heads;
  int width;  // of a head
};

/// Every length with tiles of 64 and of fewer rows, in every width, among sequences of others and
/// of none. (The long ones are narrow where kernels are plain, as those take a second each to
/// emulate.)
const std::vector<Case> cases{{{1, 0, 2, 15, 16, 17, 0, 39}, 2, 8},
                              {{1, 0, 2, 15, 16, 17, 0, 39}, 2, 32},
                              {{1, 0, 2, 15, 16, 17, 0, 39}, 3, 64},
                              {{39, 2, 0, 17}, 2, 80},
                              {{64, 65, 0}, 1, 8},
                              {{64, 65, 0}, 1, 32},
                              {{0, 64, 1, 65}, 2, 64},
                              {{65}, 1, 80},
                              {{196, 257}, 1, 8},
                              {{16}, 4, 64},
                              {{0, 0}, 2, 32},
                              {{1}, 1, 64}};
/// One tile that warps go through in several rounds, and several tiles, at their edges. (Mostly of
/// like lengths: the shorter a sequence the larger its results and hence the errors, while the
/// bound is that of all of them.)
const std::vector<Case> long_cases{
    {{129, 0, 208}, 2, 32}, {{196, 256, 100}, 1, 32}, {{196, 196}, 2, 64}, {{256, 16, 241}, 1, 64},
    {{196, 257}, 1, 32},    {{257, 3, 196}, 2, 64},   {{300, 256}, 1, 64}};

auto forward(const Case& c, const Draw& draw = compare::normal) {
  return [=]<class D>(Data<D>& data) {
    const Sequences sequences = data.sequences(c.lengths);
    const Index tokens = sequences.tokens, columns = Index{c.heads} * c.width;
    return ops::Attention<Scalar<D>, Wide<D>>{
        .qkv = data.input(tokens, 3 * columns, draw),
        .sequences = sequences,
        .heads = c.heads,
        .y = data.output("y", tokens, columns),
        .normaliser = data.output("normaliser", tokens, c.heads)};
  };
}

/// With an output and a normaliser that are drawn, too: the contract does not ask where they come
/// from, and rounding them would hide in differences.
auto backward(const Case& c) {
  return [=]<class D>(Data<D>& data) {
    const Sequences sequences = data.sequences(c.lengths);
    const Index tokens = sequences.tokens, columns = Index{c.heads} * c.width;
    return ops::AttentionBackward<Scalar<D>, Wide<D>>{
        .qkv = data.input(tokens, 3 * columns),
        .y = data.input(tokens, columns),
        .normaliser = data.input(tokens, c.heads, compare::between(3, 5)),
        .sequences = sequences,
        .heads = c.heads,
        .grad_y = data.input(tokens, columns),
        .grad_qkv = data.output("grad_qkv", tokens, 3 * columns)};
  };
}

/// Sums of up to 257 terms that are rounded once each, of exponentials of scores of up to 5: a few
/// units in the last place of the Wide type. On tensor cores, probabilities and scores' gradients
/// are factors of products, hence rounded to bfloat16, by up to 2^-9 each: in a sum of terms of
/// either sign that is some 2^-10 of its deviation, five times that in the worst of many; and what
/// is rounded in the end may go to the other side, 2^-8 of it. Backward has queries whose
/// y · grad_y, a part of each of their terms, is four times as large as others': computed in
/// double, this rounding alone makes 2.1 / 128 of the root mean square there in the worst element.
template <class Format>
Bound bound(const Case& c, double on_tensor_cores) {
  if constexpr (std::is_same_v<Format, fp64>) return {1e-13};
  // (Half precision has three bits more.)
  constexpr double share = std::is_same_v<Format, fp16> ? 1. / 8 : 1;
  if constexpr (sizeof(typename Format::Scalar) == 2)
    if (c.width == 32 || c.width == 64) return {on_tensor_cores * share};
  return {5e-6};
}
constexpr double of_forward = 1.0 / 128, of_backward = 3.0 / 128;

template <class Format>
void check(const std::vector<Case>& all) {
  Both<Format> both;
  for (const Case& c : all) {
    CAPTURE(c.lengths.front());
    CAPTURE(c.heads);
    CAPTURE(c.width);
    CHECK(both.difference(forward(c), bound<Format>(c, of_forward)) == "");
    CHECK(both.difference(backward(c), bound<Format>(c, of_backward)) == "");
  }
}

}  // namespace

TEST_CASE_TEMPLATE("attention and its gradients", Format, ALL_FORMATS) { check<Format>(cases); }

TEST_CASE_TEMPLATE("attention over several tiles, on tensor cores", Format, bf16, fp16) {
  check<Format>(long_cases);
}

TEST_CASE("scores of any size neither overflow nor vanish") {
  const Draw large = [](random::Stream& random) { return 6 * compare::normal(random); };
  for (const int width : {8, 32, 64}) {
    const Case c{{65, 3}, 1, width};
    // Scores of up to some hundreds, whose rounding the exponential makes a share of the result.
    CHECK(Both<fp32>{}.difference(forward(c, large), {3e-4}) == "");
    CHECK(Both<bf16>{}.difference(forward(c, large), {of_forward}) == "");
  }
}

TEST_CASE("attention makes the same bits again, and in a graph") {
  const Case several_tiles{{65, 0, 17}, 2, 32}, plain{{33, 5}, 2, 8};
  Both<bf16> both;
  for (const Case& c : {several_tiles, plain}) {
    CHECK(both.repetition(forward(c)) == "");
    CHECK(both.repetition(backward(c)) == "");
    CHECK(both.replayed(backward(c), bound<bf16>(c, of_backward)) == "");
  }
}

TEST_CASE("a head that no tile can hold is refused in one line") {
  Both<fp64> both;
  CHECK_THROWS_WITH_AS(
      static_cast<void>(both.difference(backward({{2}, 1, 4096}), {})),
      "attention_backward: heads of 4096 columns do not fit a GPU's shared memory: take more heads",
      Error);
}
