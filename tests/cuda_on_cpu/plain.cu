// SPDX-License-Identifier: MIT
// Layers, tokens and flat passes of the plain backend against the CPU's.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include "plain/against_cpu.cuh"

using namespace against_cpu;

TEST_CASE_TEMPLATE("linear", Both, Fp64, Fp32, Bf16) {
  Both both;
  struct Size {
    Index rows, in, out;
  };
  for (const auto [t, in, out] :
       {Size{1, 32, 1024}, Size{33, 100, 48}, Size{257, 384, 33}, Size{64, 1024, 1}, Size{0, 8, 8}})
    for (const bool biased : {false, true}) {
      CAPTURE(t);
      const auto linear = [=]<class D>(Data<D>& data) {
        ops::Linear<Scalar<D>, Scalar<D>, Wide<D>> op{
            .x = data.input(t, in), .weight = data.input(out, in), .y = data.output("y", t, out)};
        if (biased) op.bias = data.input(1, out);
        return op;
      };
      CHECK(both.difference(linear, Bounds<Both>::sum_of(in)) == "");
      const auto backward = [=]<class D>(Data<D>& data) {
        ops::LinearBackward<Scalar<D>, Wide<D>> op{
            .x = data.input(t, in),
            .weight = data.input(out, in),
            .grad_y = data.input(t, out),
            .grad_weight = data.inout("grad_weight", out, in)};
        if (biased) op.grad_bias = data.inout("grad_bias", 1, out);
        if (biased) op.grad_x = data.output("grad_x", t, in);
        else op.grad_x = data.inout("grad_x", t, in);
        return op;
      };
      CHECK(both.difference(backward, Bounds<Both>::sum_of(std::max(t, out))) == "");
    }
}

TEST_CASE_TEMPLATE("layer norm", Both, Fp64, Fp32, Bf16, Bf16Stream) {
  Both both;
  each_size([&](Index t, Index d) {
    if (d == 1) return;  // nothing but rounding errors over epsilon
    const auto forward = [=]<class D>(Data<D>& data) {
      return ops::LayerNorm<Stream<D>, Scalar<D>, Wide<D>>{
          .x = data.input(t, d),
          .weight = data.input(1, d),
          .bias = data.input(1, d),
          .y = data.output("y", t, d),
          .statistics = data.output("statistics", t, 2)};
    };
    CHECK(both.difference(forward, Bounds<Both>::sum_of(d)) == "");
    const auto backward = [=]<class D>(Data<D>& data) {
      return ops::LayerNormBackward<Stream<D>, Scalar<D>, Wide<D>>{
          .x = data.input(t, d),
          .weight = data.input(1, d),
          .statistics = data.input(t, 2, compare::between(0.5, 1.5)),
          .grad_y = data.input(t, d),
          .grad_weight = data.inout("grad_weight", 1, d),
          .grad_bias = data.inout("grad_bias", 1, d),
          .grad_x = data.inout("grad_x", t, d)};
    };
    CHECK(both.difference(backward, Bounds<Both>::sum_of(t + d)) == "");
  });
}

TEST_CASE_TEMPLATE("gelu", Both, Fp64, Fp32, Bf16) {
  Both both;
  each_size([&](Index t, Index d) {
    const auto forward = [=]<class D>(Data<D>& data) {
      return ops::Gelu<Scalar<D>>{.x = data.input(t, d), .y = data.output("y", t, d)};
    };
    CHECK(both.difference(forward, Bounds<Both>::gelu) == "");
    const auto in_place = [=]<class D>(Data<D>& data) {
      const auto grad = data.inout("grad_x", t, d);
      return ops::GeluBackward<Scalar<D>>{
          .x = data.input(t, d), .grad_y = grad, .grad_x = grad.overwritten()};
    };
    CHECK(both.difference(in_place, Bounds<Both>::gelu) == "");
    const auto accumulated = [=]<class D>(Data<D>& data) {
      return ops::GeluBackward<Scalar<D>>{
          .x = data.input(t, d), .grad_y = data.input(t, d), .grad_x = data.inout("grad_x", t, d)};
    };
    CHECK(both.difference(accumulated, Bounds<Both>::gelu) == "");
  });
}

TEST_CASE_TEMPLATE("residual", Both, Fp64, Fp32, Bf16, Bf16Stream) {
  Both both;
  each_size([&](Index t, Index d) {
    for (const bool scaled : {false, true}) {
      const auto forward = [=]<class D>(Data<D>& data) {
        const auto y = data.inout("y", t, d);
        ops::Residual<Stream<D>, Scalar<D>, Wide<D>> op{.x = y, .branch = data.input(t, d), .y = y};
        if (scaled) op.gamma = data.input(1, d);
        if (scaled) op.scale = data.input(t, 1);
        return op;
      };
      CHECK(both.difference(forward, Bounds<Both>::few) == "");
      const auto backward = [=]<class D>(Data<D>& data) {
        ops::ResidualBackward<Stream<D>, Scalar<D>, Wide<D>> op{
            .branch = data.input(t, d),
            .grad_y = data.input(t, d),
            .grad_branch = data.output("grad_branch", t, d)};
        if (scaled) op.gamma = data.input(1, d);
        if (scaled) op.grad_gamma = data.inout("grad_gamma", 1, d);
        if (scaled) op.scale = data.input(t, 1);
        return op;
      };
      CHECK(both.difference(backward, Bounds<Both>::sum_of(t + 1)) == "");
    }
  });
}

TEST_CASE_TEMPLATE("flat", Both, Fp64, Fp32, Bf16) {
  Both both;
  for (const Index n : {1, 33, 10000}) {
    CAPTURE(n);
    const auto zero = [=]<class D>(Data<D>& data) {
      return ops::Zero<Scalar<D>>{data.inout("x", 1, n)};
    };
    CHECK(both.difference(zero, Bounds<Both>::same) == "");
    const auto copy = [=]<class D>(Data<D>& data) {
      return ops::Copy<Scalar<D>>{data.input(1, n), data.output("to", 1, n)};
    };
    CHECK(both.difference(copy, Bounds<Both>::same) == "");
    const auto add = [=]<class D>(Data<D>& data) {
      return ops::Add<Wide<D>>{data.input(1, n), data.inout("y", 1, n)};
    };
    CHECK(both.difference(add, Bounds<Both>::same) == "");
    const auto narrow = [=]<class D>(Data<D>& data) {
      return ops::Convert<Wide<D>, Scalar<D>>{data.input(1, n), data.output("to", 1, n)};
    };
    CHECK(both.difference(narrow, Bounds<Both>::same) == "");
    const auto widen = [=]<class D>(Data<D>& data) {
      return ops::Convert<Scalar<D>, Wide<D>>{data.input(1, n), data.output("to", 1, n)};
    };
    CHECK(both.difference(widen, Bounds<Both>::same) == "");
    const auto lerp = [=]<class D>(Data<D>& data) {
      return ops::Lerp<Wide<D>, Scalar<D>>{.x = data.input(1, n),
                                           .momentum = data.given(std::vector{0.996}),
                                           .average = data.inout("average", 1, n),
                                           .operands = data.output("operands", 1, n)};
    };
    CHECK(both.difference(lerp, Bounds<Both>::few) == "");
    const auto norm = [=]<class D>(Data<D>& data) {
      return ops::SquaredNorm<Wide<D>>{data.input(1, n), data.output("result", 1, 1)};
    };
    CHECK(both.difference(norm, Bounds<Both>::sum_of(std::min<Index>(n, 4096))) ==
          "");  // then in double
  }
}

TEST_CASE_TEMPLATE("tokens", Both, Fp64, Fp32, Bf16, Bf16Stream) {
  Both both;
  const ImageExtent extent{3, 12, 20};
  const int patch = 4, patches = extent.grid(patch).size(), images = 3;
  const Index columns = Index{3} * patch * patch, width = 48;
  for (const auto& lengths : packings) {
    const Index tokens = std::reduce(lengths.begin(), lengths.end());
    const auto count = static_cast<Index>(lengths.size());
    CAPTURE(tokens);
    const auto normalised = [&]<class D>(Data<D>& data) {
      return ops::GatherPatches<std::uint8_t, Scalar<D>, Wide<D>>{
          .images = data.input(images, extent.size(), compare::pixel),
          .extent = extent,
          .affine = data.input(3, 2),
          .patch = patch,
          .views = data.views(lengths, patches, images),
          .rows = data.output("rows", tokens, columns)};
    };
    CHECK(both.difference(normalised, Bounds<Both>::few) == "");
    const auto as_they_are = [&]<class D>(Data<D>& data) {
      return ops::GatherPatches<Wide<D>, Scalar<D>, Wide<D>>{
          .images = data.input(images, extent.size()),
          .extent = extent,
          .patch = patch,
          .views = data.views(lengths, patches, images),
          .rows = data.output("rows", tokens, columns)};
    };
    CHECK(both.difference(as_they_are, Bounds<Both>::same) == "");
    const auto scatter = [&]<class D>(Data<D>& data) {
      return ops::ScatterPatches<Scalar<D>, Wide<D>>{
          .rows = data.input(tokens, columns),
          .extent = extent,
          .patch = patch,
          .views = data.views(lengths, patches, images),
          .images = data.inout("images", images, extent.size())};
    };
    CHECK(both.difference(scatter, Bounds<Both>::same) == "");
    const auto positions = [&]<class D>(Data<D>& data) {
      return ops::AddPositions<Stream<D>, Wide<D>>{.table = data.input(patches, width),
                                                   .views = data.views(lengths, patches, images),
                                                   .x = data.inout("x", tokens, width)};
    };
    CHECK(both.difference(positions, Bounds<Both>::same) == "");
    const auto keyed = [&]<class D>(Data<D>& data) {
      return ops::DropPath<Wide<D>>{
          .key = data.given(std::vector{random::StepKey{.seed = 5, .step = 7}}),
          .layer = 3,
          .drop = 0.4,
          .sequences = data.sequences(lengths),
          .scale = data.output("scale", tokens, 1)};
    };
    CHECK(both.difference(keyed, Bounds<Both>::same) == "");
    const auto drawn = [&]<class D>(Data<D>& data) {
      return ops::DropPath<Wide<D>>{.draws = data.input(1, count, compare::between(0, 1)),
                                    .drop = 0.4,
                                    .sequences = data.sequences(lengths),
                                    .scale = data.output("scale", tokens, 1)};
    };
    CHECK(both.difference(drawn, Bounds<Both>::same) == "");
  }
  each_size([&](Index rows, Index columns_of) {
    const auto repeat = [=]<class D>(Data<D>& data) {
      return ops::RepeatRow<Stream<D>, Wide<D>>{data.input(1, columns_of),
                                                data.output("y", rows, columns_of)};
    };
    CHECK(both.difference(repeat, Bounds<Both>::same) == "");
    const auto sum = [=]<class D>(Data<D>& data) {
      return ops::SumRows<Stream<D>, Wide<D>>{data.input(rows, columns_of),
                                              data.inout("sum", 1, columns_of)};
    };
    CHECK(both.difference(sum, Bounds<Both>::sum_of(rows + 1)) == "");
  });
}
