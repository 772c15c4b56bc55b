// SPDX-License-Identifier: MIT
// Products by cuBLASLt against the CPU's.   T rows, I = in, O = out
#include <doctest/doctest.h>

#include "compare.hpp"
#include "extrema/cpu/cpu.hpp"
#include "extrema/cpu/gemm.hpp"
#include "extrema/cuda/flat.cuh"
#include "extrema/cuda/linear.cuh"
#include "extrema/cuda/transfer.cuh"
#include "extrema/device/upload.hpp"

using namespace extrema;

namespace {

constexpr Index sides[] = {1, 7, 32, 33, 96, 257};

/// Sums of up to 257 terms in another order: some roundings of float.
constexpr compare::Bound bound{4e-6};
/// The bias is rounded to bfloat16 before it is added (cuda/linear.cuh): those below 1 by 2^-9,
/// which may round a result to its neighbour, 2^-8 of it away. Their root mean square is above 1.
constexpr compare::Bound rounded_bias{4e-3};

const auto linear = [](Index rows, Index in, Index out, bool bias) {
  return [=]<class D>(compare::Data<D>& data) {
    ops::Linear<Scalar<D>, Scalar<D>, Wide<D>> op{
        .x = data.input(rows, in), .weight = data.input(out, in), .y = data.output("y", rows, out)};
    if (bias) op.bias = data.input(1, out, compare::between(-1, 1));
    return op;
  };
};

/// What a loss asks for: a product of Wide numbers.
const auto wide = [](Index rows, Index in, Index out) {
  return [=]<class D>(compare::Data<D>& data) {
    return ops::Linear<Wide<D>, Wide<D>, Wide<D>>{
        .x = data.input(rows, in), .weight = data.input(out, in), .y = data.output("y", rows, out)};
  };
};

struct Wanted {
  bool weight = true, bias = true, x = true, add = false;
};
const auto backward = [](Index rows, Index in, Index out, Wanted wanted) {
  return [=]<class D>(compare::Data<D>& data) {
    ops::LinearBackward<Scalar<D>, Wide<D>> op{
        .x = data.input(rows, in), .weight = data.input(out, in), .grad_y = data.input(rows, out)};
    if (wanted.weight) op.grad_weight = data.inout("grad_weight", out, in);
    if (wanted.bias) op.grad_bias = data.inout("grad_bias", 1, out);
    if (wanted.x && wanted.add) op.grad_x = add_to<Scalar<D>>(data.inout("grad_x", rows, in));
    if (wanted.x && !wanted.add) op.grad_x = write_to<Scalar<D>>(data.output("grad_x", rows, in));
    return op;
  };
};

template <class Format>
using Both =
    compare::Backends<cpu::BasicDevice<Format, cpu::EigenProducts>, cuda::LtDevice<Format>>;

}  // namespace

TEST_CASE_TEMPLATE("forward", Format, fp32, bf16, fp16) {
  Both<Format> both;
  const bool narrow = sizeof(typename Format::Scalar) == 2;
  for (const Index rows : sides)
    for (const Index in : {1, 32, 96})
      for (const Index out : {1, 33, 64}) {
        CAPTURE(rows);
        CAPTURE(in);
        CAPTURE(out);
        CHECK(both.difference(linear(rows, in, out, false), bound) == "");
        CHECK(both.difference(linear(rows, in, out, true), narrow ? rounded_bias : bound) == "");
        CHECK(both.difference(wide(rows, in, out), bound) == "");
      }
}

TEST_CASE_TEMPLATE("backward", Format, fp32, bf16, fp16) {
  Both<Format> both;
  for (const Index rows : sides)
    for (const Index out : {1, 33, 64}) {
      CAPTURE(rows);
      CAPTURE(out);
      CHECK(both.difference(backward(rows, 32, out, {}), bound) == "");
      CHECK(both.difference(backward(rows, 33, out, {.add = true}), bound) == "");
      CHECK(both.difference(backward(rows, 8, out, {.bias = false}), bound) == "");
      CHECK(both.difference(backward(rows, 8, out, {.weight = false}), bound) == "");
      CHECK(both.difference(backward(rows, 8, out, {.x = false}), bound) == "");
    }
}

TEST_CASE("no rows: nothing is added") {
  Both<fp32> both;
  CHECK(both.difference(backward(0, 8, 4, {.x = false}), bound) == "");
}

TEST_CASE("of a product's algorithms one is chosen that gives the first one's bits") {
  cuda::Device device;
  enum { not_supported, first, of_other_bits, of_same_bits, algorithms };
  constexpr Index size = 1000;
  int runs[algorithms] = {};
  const auto multiply = [&](int i, const float* a, const float* b, float* to) {
    ++runs[i];
    if (i == not_supported) return false;
    ops::run(device, ops::Copy<float>{{i == of_other_bits ? b : a, 1, size}, {to, 1, size}});
    return true;
  };
  const cuda::detail::ProductSizes sizes{size, size, size};
  const auto chosen = [&](int count) {
    return cuda::detail::fastest_algorithm<float, float>(device, count, sizes, multiply);
  };
  const int choice = chosen(algorithms);
  CHECK((choice == first || choice == of_same_bits));
  CHECK(runs[not_supported] == 1);
  CHECK(runs[of_other_bits] == 1);
  CHECK(runs[first] > 1);
  CHECK(runs[first] == runs[of_same_bits]);

  const int so_far = runs[first];
  CHECK(chosen(1) == 0);
  cudaGraph_t graph = nullptr;
  cuda::check(cudaStreamBeginCapture(device.stream(), cudaStreamCaptureModeThreadLocal), "begin");
  CHECK(chosen(algorithms) == 0);
  cuda::check(cudaStreamEndCapture(device.stream(), &graph), "end");
  cudaGraphDestroy(graph);
  CHECK(runs[first] == so_far);
}

TEST_CASE("products whose algorithm is chosen are as others, and leave what they do not write") {
  Both<bf16> both;
  both.found().products().choose_from(0);
  CHECK(both.difference(linear(33, 96, 64, true), rounded_bias) == "");
  CHECK(both.difference(backward(33, 96, 64, {.add = true}), bound) == "");
  CHECK(both.repetition(backward(257, 96, 33, {})) == "");
}

TEST_CASE("the same bits again, and by a graph") {
  Both<bf16> both;
  CHECK(both.repetition(backward(257, 96, 33, {})) == "");
  CHECK(both.replayed(backward(39, 32, 64, {.weight = false, .bias = false}), bound) == "");
  CHECK(both.replayed(linear(39, 32, 64, true), rounded_bias) == "");
}

TEST_CASE("tf32 rounds operands to 11 bits, and only fp32's") {
  compare::Backends<cuda::LtDevice<fp32>, cuda::BasicDevice<fp32, cuda::Lt<cuda::Fp32::tf32>>> both;
  CHECK(both.difference(linear(33, 96, 64, false), {2e-3}) == "");
  CHECK(both.difference(linear(33, 96, 64, false), {1e-6}) != "");
}
