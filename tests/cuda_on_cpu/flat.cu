// SPDX-License-Identifier: MIT
// Passes over flat memory on the GPU against the CPU: copies, conversions, averages, norms, GELU,
// stochastic depth, and what a step decides about itself.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "both.hpp"
#include "extrema/cpu/drop_path.hpp"
#include "extrema/cpu/flat.hpp"
#include "extrema/cpu/gelu.hpp"
#include "extrema/cpu/step.hpp"
#include "extrema/cpu/transfer.hpp"
#include "extrema/cuda/convert.cuh"
#include "extrema/cuda/drop_path.cuh"
#include "extrema/cuda/flat.cuh"
#include "extrema/cuda/gelu_backward_sum.cuh"
#include "extrema/cuda/step.cuh"
#include "extrema/cuda/transfer.cuh"

namespace {

using namespace extrema;
using compare::Bound, compare::Data;

using Fp32 = Both<fp32>;
using Bf16 = Both<bf16>;

constexpr Bound same{0};
/// A handful of roundings of 2^-24 each, which compilers may fuse.
constexpr Bound few{5e-7};
/// Eigen's erf in float is off by up to 4.2e-7 (at -3.6), which GELU multiplies with x / 2, and its
/// gradient with grad_y / 2.
constexpr Bound erf_of_eigen{1.5e-6};

/// Less than a pack; packs and a rest; one block and more.
const std::vector<Index> sizes{0, 1, 3, 7, 8, 33, 257, 1024, 4095, 10007};

/// A view of `count` elements that begins one or two elements after an address that any pack could
/// have.
template <class T>
Matrix<T> moved(Matrix<T> all, Index count, Index by) {
  return {all.data + by, 1, count};
}

/// test(size, by): views that lie well, and ones that do not.
template <class Test>
void each_size(const Test& test) {
  for (const Index size : sizes)
    for (const Index by : {0, 1, 2}) {
      CAPTURE(size);
      CAPTURE(by);
      test(size, by);
    }
}

}  // namespace

TEST_CASE_TEMPLATE("zero, copy, add", Both, ALL_BACKENDS) {
  Both both;
  each_size([&](Index size, Index by) {
    const auto zero = [=]<class D>(Data<D>& data) {
      return ops::Zero<Scalar<D>>{moved<Scalar<D>>(data.inout("x", 1, size + 3), size, by)};
    };
    CHECK(both.difference(zero, same) == "");
    const auto copy = [=]<class D>(Data<D>& data) {
      return ops::Copy<Scalar<D>>{moved<const Scalar<D>>(data.input(1, size + 3), size, by),
                                  moved<Scalar<D>>(data.inout("to", 1, size + 3), size, 1)};
    };
    CHECK(both.difference(copy, same) == "");
    const auto add = [=]<class D>(Data<D>& data) {
      return ops::Add<Wide<D>>{moved<const Wide<D>>(data.input(1, size + 3), size, 0),
                               moved<Wide<D>>(data.inout("y", 1, size + 3), size, by)};
    };
    CHECK(both.difference(add, same) == "");
    const auto doubled = [=]<class D>(Data<D>& data) {
      const auto x = data.inout("x", 1, size);
      return ops::Add<Wide<D>>{x, x};
    };
    CHECK(both.difference(doubled, same) == "");
  });
}

TEST_CASE_TEMPLATE("convert", Both, ALL_BACKENDS) {
  Both both;
  each_size([&](Index size, Index by) {
    const auto narrow = [=]<class D>(Data<D>& data) {
      return ops::Convert<Wide<D>, Scalar<D>>{
          moved<const Wide<D>>(data.input(1, size + 3), size, by),
          moved<Scalar<D>>(data.inout("to", 1, size + 3), size, 0)};
    };
    CHECK(both.difference(narrow, same) == "");
    const auto widen = [=]<class D>(Data<D>& data) {
      return ops::Convert<Scalar<D>, Wide<D>>{
          moved<const Scalar<D>>(data.input(1, size + 3), size, 0),
          moved<Wide<D>>(data.inout("to", 1, size + 3), size, by)};
    };
    CHECK(both.difference(widen, same) == "");
  });
}

TEST_CASE("conversion keeps what is no number, and rounds ties to even") {
  Bf16 both;
  const double tie = 1 + 0x1p-8, odd_tie = 1 + 0x3p-8, huge = 3.4e38, tiny = 0x1p-140,
               infinity = std::numeric_limits<double>::infinity();
  const auto edges = [=]<class D>(Data<D>& data) {
    return ops::Convert<float, bfloat16>{
        data.given(std::vector{tie, odd_tie, huge, tiny, infinity, -infinity, -0.0, tie, odd_tie}),
        data.output("to", 1, 9)};
  };
  CHECK(both.difference(edges, same) == "");
  auto& device = both.found();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto from = upload(device, std::vector<float>{nan, -nan, nan, nan, nan});
  const Buffer<bfloat16, cuda::Memory> to{5};
  ops::run(device, ops::Convert<float, bfloat16>{from.view(), to.view()});
  for (const bfloat16 value : download(device, reading(to.view())))
    CHECK(std::isnan(static_cast<float>(value)));
}

TEST_CASE_TEMPLATE("average", Both, ALL_BACKENDS) {
  Both both;
  each_size([&](Index size, Index by) {
    for (const bool wanted : {false, true}) {
      const auto lerp = [=]<class D>(Data<D>& data) {
        ops::Lerp<Wide<D>, Scalar<D>> op{
            .x = moved<const Wide<D>>(data.input(1, size + 3), size, by),
            .momentum = data.given(std::vector{0.996}),
            .average = moved<Wide<D>>(data.inout("average", 1, size + 3), size, by)};
        if (wanted) op.operands = moved<Scalar<D>>(data.inout("operands", 1, size + 3), size, 0);
        return op;
      };
      CHECK(both.difference(lerp, few) == "");
    }
  });
}

TEST_CASE_TEMPLATE("squared norm", Both, ALL_BACKENDS) {
  Both both;
  const auto norm = [](Index size, Index by) {
    return [=]<class D>(Data<D>& data) {
      return ops::SquaredNorm<Wide<D>>{moved<const Wide<D>>(data.input(1, size + 3), size, by),
                                       data.output("result", 1, 1)};
    };
  };
  // The CPU adds 4096 squares in float at a time.
  each_size([&](Index size, Index by) { CHECK(both.difference(norm(size, by), {2e-6}) == ""); });
  CHECK(both.difference(norm(900'000, 0), {2e-6}) == "");  // more than the blocks have at once
  CHECK(both.repetition(norm(100'003, 0)) == "");
  CHECK(both.replayed(norm(100'003, 1), {2e-6}) == "");
}

TEST_CASE_TEMPLATE("gelu", Both, ALL_BACKENDS) {
  Both both;
  const auto spread = compare::between(-6, 6);
  each_size([&](Index size, Index by) {
    const auto forward = [=]<class D>(Data<D>& data) {
      using S = Scalar<D>;
      return ops::Gelu<S>{.x = moved<const S>(data.input(1, size + 3, spread), size, by),
                          .y = moved<S>(data.inout("y", 1, size + 3), size, by)};
    };
    CHECK(both.difference(forward, erf_of_eigen) == "");
    for (const bool accumulate : {false, true})
      for (const bool in_place : {false, true}) {
        CAPTURE(accumulate);
        CAPTURE(in_place);
        const auto backward = [=]<class D>(Data<D>& data) {
          using S = Scalar<D>;
          const auto x = moved<const S>(data.input(1, size + 3, spread), size, by);
          const auto grad_x = moved<S>(data.inout("grad_x", 1, size + 3), size, by);
          const Matrix<const S> other = moved<const S>(data.input(1, size + 3), size, by);
          return ops::GeluBackward<S>{
              .x = x, .grad_y = in_place ? reading(grad_x) : other, .grad_x = {grad_x, accumulate}};
        };
        CHECK(both.difference(backward, erf_of_eigen) == "");
      }
  });
}

template <class Cpu, class Gpu>
constexpr bool has_16_bits(const compare::Backends<Cpu, Gpu>&) {
  return sizeof(Scalar<Cpu>) < sizeof(float);
}

TEST_CASE_TEMPLATE("GELU's gradient and its sum over rows", Both, ALL_BACKENDS) {
  Both both;
  for (const Index rows : {0, 1, 33, 3000})
    for (const Index columns : {7, 96, 520}) {
      CAPTURE(rows);
      CAPTURE(columns);
      const auto run = [=]<class D>(Data<D>& data) {
        using S = Scalar<D>;
        const Matrix<S> grad = data.inout("grad_x", rows, columns);
        return ops::GeluBackwardSum<S, Wide<D>>{
            {.x = data.input(rows, columns), .grad_y = grad, .grad_x = write_to(grad)},
            {.x = grad, .sum = data.inout("sum", 1, columns)}};
      };
      // A gradient that a narrow type rounds to the other side moves the sum by 2^-8 of a term.
      CHECK(both.difference(run, {has_16_bits(both) ? 0x1p-8 : 1e-5}) == "");
      CHECK(both.repetition(run) == "");
    }
}

TEST_CASE("far from 0, GELU is 0 or the identity") {
  Bf16 both;
  const auto far = []<class D>(Data<D>& data) {
    return ops::Gelu<bfloat16>{
        .x = data.given(std::vector{-1e30, -100., -20., -15., 0., 13., 20., 1e30, 0x1p-120}, 1, 9),
        .y = data.output("y", 1, 9)};
  };
  CHECK(both.difference(far, same) == "");
}

TEST_CASE_TEMPLATE("stochastic depth", Both, ALL_BACKENDS) {
  Both both;
  for (const std::vector<int>& lengths : std::vector<std::vector<int>>{
           {1}, {0}, {0, 3, 0}, {31, 1, 33, 0, 7, 8, 9, 10, 64, 65}, {257, 196}}) {
    const Index tokens = std::reduce(lengths.begin(), lengths.end());
    const auto count = static_cast<Index>(lengths.size());
    CAPTURE(tokens);
    const auto keyed = [&]<class D>(Data<D>& data) {
      return ops::DropPath<Wide<D>>{
          .key = data.given(std::vector{random::StepKey{.seed = 5, .step = 7}}),
          .layer = 3,
          .drop = 0.4,
          .sequences = data.sequences(lengths),
          .scale = data.output("scale", tokens, 1)};
    };
    CHECK(both.difference(keyed, same) == "");
    const auto drawn = [&]<class D>(Data<D>& data) {
      return ops::DropPath<Wide<D>>{.draws = data.input(1, count, compare::between(0, 1)),
                                    .drop = 0.4,
                                    .sequences = data.sequences(lengths),
                                    .scale = data.output("scale", tokens, 1)};
    };
    CHECK(both.difference(drawn, same) == "");
  }
}

TEST_CASE("the factor of a step's gradients") {
  Fp32 both;
  const double infinity = std::numeric_limits<double>::infinity(),
               nan = std::numeric_limits<double>::quiet_NaN();
  for (const double clip : {0., 0.5, 3.})
    for (const double loss : {0.7, infinity, nan})
      for (const double square : {4., 1e-9, 0., infinity, nan}) {
        const auto run = [&](auto& device) {
          const auto outcome = upload(device, std::vector{ops::StepOutcome{loss, square, 5}});
          ops::run(device, ops::DecideFactor{.clip = clip, .outcome = outcome.data()});
          return download(device, reading(outcome.view()))[0].gradient_factor;
        };
        CHECK(run(both.found()) == run(both.expected()));
      }
}
