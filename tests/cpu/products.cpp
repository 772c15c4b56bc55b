// SPDX-License-Identifier: MIT
// Matrix products of both engines against plain loops, for any number of threads, and how many
// primitives oneDNN keeps.
#include "naive.hpp"
#include "threads.hpp"
#ifdef EXTREMA_HAS_ONEDNN
#include "extrema/cpu/onednn.hpp"
#endif

using namespace naive;
using cpu::BasicDevice, cpu::Determinism, cpu::EigenProducts;

namespace {

struct Size {
  Index rows, in, out;
};

/// y = x Wᵀ + b and its three gradients; sums of K products may be off by the rounding of each.
template <class Device>
void linear(Device& device, const Size& size) {
  using S = Scalar<Device>;
  using W = Wide<Device>;
  const auto m = size.rows, k = size.in, n = size.out;
  Values<S> x{m, k, 1}, weight{n, k, 2}, y{m, n}, grad_y{m, n, 3}, grad_x{m, k, 4};
  Values<W> bias{1, n, 5}, grad_weight{n, k, 6}, grad_bias{1, n, 7};
  const Values<S> grad_x_before = grad_x;
  const Values<W> grad_weight_before = grad_weight, grad_bias_before = grad_bias;
  ops::run(device, ops::Linear<S, S, W>{x.view(), weight.view(), bias.view(), y.view()});
  check(
      y.view(),
      [&](Index i, Index j) {
        return bias(0, j) + sum(k, [&](Index c) { return x(i, c) * weight(j, c); });
      },
      "y");
  ops::run(device,
           ops::LinearBackward<S, W>{x.view(), weight.view(), grad_y.view(), grad_weight.view(),
                                     grad_bias.view(), add_to(grad_x.view())});
  check(
      grad_weight.view(),
      [&](Index j, Index c) {
        return grad_weight_before(j, c) + sum(m, [&](Index i) { return grad_y(i, j) * x(i, c); });
      },
      "grad_weight");
  check(
      grad_bias.view(),
      [&](Index, Index j) {
        return grad_bias_before(0, j) + sum(m, [&](Index i) { return grad_y(i, j); });
      },
      "grad_bias");
  check(
      grad_x.view(),
      [&](Index i, Index c) {
        return grad_x_before(i, c) + sum(n, [&](Index j) { return grad_y(i, j) * weight(j, c); });
      },
      "grad_x", 2 * bound<S>());
}

template <class Device>
void all_sizes(Determinism level) {
  Device device;
  device.products().determinism(level);
  for (const int threads : {1, 2, 3}) {
    use_threads(threads);
    for (const Size& size :
         {Size{1, 4, 3}, {7, 13, 5}, {65, 96, 33}, {520, 17, 40}, {3, 20, 700}, {1039, 8, 24}})
      linear(device, size);
  }
}

}  // namespace

TEST_CASE_TEMPLATE("Eigen", Format, fp64, fp32, bf16) {
  all_sizes<BasicDevice<Format, EigenProducts>>(Determinism::run_to_run);
}

#ifdef EXTREMA_HAS_ONEDNN
using cpu::OneDnn;

TEST_CASE_TEMPLATE("oneDNN", Format, fp32, bf16) {
  all_sizes<BasicDevice<Format, OneDnn>>(Determinism::run_to_run);
  all_sizes<BasicDevice<Format, OneDnn>>(Determinism::threads);
}

TEST_CASE("oneDNN keeps the primitives used last, and no more than it was told") {
  BasicDevice<fp32, OneDnn> device;
  device.products().keep_at_most(6);
  for (Index rows = 1; rows < 40; ++rows) {
    linear(device, {rows, 5, 4});
    linear(device, {3, 4, 4});  // three shapes that are always among the last
    CHECK(device.products().kept() <= 6);
  }
  CHECK(device.products().kept() == 6);
}

TEST_CASE("oneDNN: a primitive of one level of determinism is not used in the other") {
  BasicDevice<fp32, OneDnn> device;
  linear(device, {3, 4, 4});
  const std::size_t kept = device.products().kept();
  CHECK(kept > 0);
  device.products().determinism(Determinism::run_to_run);  // as it was
  CHECK(device.products().kept() == kept);
  device.products().determinism(Determinism::threads);
  CHECK(device.products().kept() == 0);
}

TEST_CASE("oneDNN: what cannot be is refused in a sentence") {
  cpu::TeamDevice<fp32, OneDnn, cpu::OneThread> device;
  device.products().determinism(Determinism::threads);
  CHECK_THROWS_WITH_AS(linear(device, {2, 2, 2}), doctest::Contains("compile with OpenMP"), Error);
}
#endif

TEST_CASE("a device says what instructions it was compiled for") {
  CHECK(std::string{cpu::instruction_set()}.size() > 2);
}
