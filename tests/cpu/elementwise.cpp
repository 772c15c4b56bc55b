// SPDX-License-Identifier: MIT
// Norm, GELU, residual, sums over rows and passes over flat memory, against plain loops.
#include <numbers>

#include "naive.hpp"

using namespace naive;
using cpu::BasicDevice, cpu::EigenProducts;
using Fp64 = BasicDevice<fp64, EigenProducts>;
using Fp32 = BasicDevice<fp32, EigenProducts>;
using Bf16 = BasicDevice<bf16, EigenProducts>;
using Bf16Stream = BasicDevice<bf16_stream, EigenProducts>;

namespace {

struct Size {
  Index rows, width;
};
constexpr Size sizes[] = {{0, 4}, {1, 4}, {2, 33}, {17, 96}, {65, 20}, {130, 7}};

double phi(double x) { return std::erfc(-x / std::numbers::sqrt2) / 2; }
double density(double x) {
  return std::exp(-x * x / 2) * std::numbers::inv_sqrtpi / std::numbers::sqrt2;
}

template <class Device>
void layer_norm(const Size& size) {
  using X = Stream<Device>;
  using S = Scalar<Device>;
  using W = Wide<Device>;
  const Index t = size.rows, d = size.width;
  Values<X> x{t, d, 1}, grad_x{t, d, 2};
  Values<W> weight{1, d, 3}, bias{1, d, 4}, statistics{t, 2}, grad_weight{1, d, 5},
      grad_bias{1, d, 6};
  Values<S> y{t, d}, grad_y{t, d, 7};
  const auto before_x = grad_x;
  const auto before_weight = grad_weight, before_bias = grad_bias;
  Device device;
  ops::run(device, ops::LayerNorm<X, S, W>{x.view(), weight.view(), bias.view(), 1e-6, y.view(),
                                           statistics.view()});
  ops::run(device, ops::LayerNormBackward<X, S, W>{x.view(), weight.view(), statistics.view(),
                                                   grad_y.view(), grad_weight.view(),
                                                   grad_bias.view(), add_to(grad_x.view())});
  Values<double> normed{t, d}, scale{t, 1};
  for (Index i = 0; i < t; ++i) {
    const double mean = sum(d, [&](Index c) { return x(i, c); }) / static_cast<double>(d);
    const double variance =
        sum(d, [&](Index c) { return std::pow(x(i, c) - mean, 2); }) / static_cast<double>(d);
    scale.view().row(i)[0] = 1 / std::sqrt(variance + 1e-6);
    for (Index c = 0; c < d; ++c) normed.view().row(i)[c] = (x(i, c) - mean) * scale(i, 0);
  }
  check(
      y.view(), [&](Index i, Index c) { return normed(i, c) * weight(0, c) + bias(0, c); }, "y");
  check(
      grad_weight.view(),
      [&](Index, Index c) {
        return before_weight(0, c) + sum(t, [&](Index i) { return grad_y(i, c) * normed(i, c); });
      },
      "grad_weight");
  check(
      grad_bias.view(),
      [&](Index, Index c) {
        return before_bias(0, c) + sum(t, [&](Index i) { return grad_y(i, c); });
      },
      "grad_bias");
  check(
      grad_x.view(),
      [&](Index i, Index c) {
        const auto g = [&](Index j) { return grad_y(i, j) * weight(0, j); };
        const double mean = sum(d, g) / static_cast<double>(d),
                     product = sum(d, [&](Index j) { return g(j) * normed(i, j); }) /
                               static_cast<double>(d);
        return before_x(i, c) + (g(c) - mean - normed(i, c) * product) * scale(i, 0);
      },
      "grad_x", 2 * bound<X>());
}

template <class Device>
void gelu(const Size& size) {
  using S = Scalar<Device>;
  const Index t = size.rows, d = size.width;
  Values<S> x{t, d, 1, 6}, y{t, d}, grad_y{t, d, 2}, grad_x{t, d}, sum_x{t, d, 3};
  const auto before = sum_x;
  Device device;
  const auto slope = [&](Index i, Index j) {
    return grad_y(i, j) * (phi(x(i, j)) + x(i, j) * density(x(i, j)));
  };
  ops::run(device, ops::Gelu<S>{x.view(), y.view()});
  check(
      y.view(), [&](Index i, Index j) { return x(i, j) * phi(x(i, j)); }, "y");
  ops::run(device, ops::GeluBackward<S>{x.view(), grad_y.view(), write_to(grad_x.view())});
  check(grad_x.view(), slope, "grad_x");
  ops::run(device, ops::GeluBackward<S>{x.view(), grad_y.view(), add_to(sum_x.view())});
  check(
      sum_x.view(), [&](Index i, Index j) { return before(i, j) + slope(i, j); }, "sum");
}

template <class Device>
void residual(const Size& size, bool gamma_is, bool scale_is) {
  using X = Stream<Device>;
  using S = Scalar<Device>;
  using W = Wide<Device>;
  const Index t = size.rows, d = size.width;
  Values<X> x{t, d, 1}, y{t, d}, grad_y{t, d, 2};
  Values<S> branch{t, d, 3}, grad_branch{t, d};
  Values<W> gamma{1, d, 4}, scale{t, 1, 5}, grad_gamma{1, d, 6};
  const auto before = grad_gamma;
  const auto g = [&](Index c) { return gamma_is ? gamma(0, c) : 1; };
  const auto s = [&](Index i) { return scale_is ? scale(i, 0) : 1; };
  const Matrix<W> gammas = gamma_is ? gamma.view() : Matrix<W>{},
                  scales = scale_is ? scale.view() : Matrix<W>{},
                  grads = gamma_is ? grad_gamma.view() : Matrix<W>{};
  Device device;
  ops::run(device, ops::Residual<X, S, W>{x.view(), branch.view(), gammas, scales, y.view()});
  check(
      y.view(), [&](Index i, Index c) { return x(i, c) + s(i) * g(c) * branch(i, c); }, "y");
  ops::run(device, ops::ResidualBackward<X, S, W>{branch.view(), gammas, scales, grad_y.view(),
                                                  grads, grad_branch.view()});
  check(
      grad_branch.view(), [&](Index i, Index c) { return s(i) * g(c) * grad_y(i, c); },
      "grad_branch");
  if (gamma_is)
    check(
        grad_gamma.view(),
        [&](Index, Index c) {
          return before(0, c) + sum(t, [&](Index i) { return s(i) * grad_y(i, c) * branch(i, c); });
        },
        "grad_gamma");
}

/// An operation that is made of two gives what these give, bit for bit.
template <class Device>
void of_two(const Size& size, bool gamma_is, bool scale_is) {
  using X = Stream<Device>;
  using S = Scalar<Device>;
  using W = Wide<Device>;
  const Index t = size.rows, d = size.width;
  Values<X> x{t, d, 1};
  Values<S> branch{t, d, 2};
  Values<W> gamma{1, d, 3}, scale{t, 1, 4}, weight{1, d, 5}, bias{1, d, 6};
  Values<X> y{t, d};  // in one place, as Eigen sums by where rows lie
  Values<S> n{t, d};
  Values<W> statistics{t, 2};
  Device device;
  const auto run = [&](bool in_one) {
    const ops::ResidualNorm<X, S, W> op{{.x = x.view(),
                                         .branch = branch.view(),
                                         .gamma = gamma_is ? gamma.view() : Matrix<W>{},
                                         .scale = scale_is ? scale.view() : Matrix<W>{},
                                         .y = y.view()},
                                        {.x = y.view(),
                                         .weight = weight.view(),
                                         .bias = bias.view(),
                                         .y = n.view(),
                                         .statistics = statistics.view()}};
    if (in_one) ops::run(device, op);
    else ops::run(device, op.sum), ops::run(device, op.norm);
    std::vector<double> all;
    for (Index i = 0; i < t; ++i) {
      for (Index c = 0; c < d; ++c) all.insert(all.end(), {y(i, c), n(i, c)});
      all.insert(all.end(), {statistics(i, 0), statistics(i, 1)});
    }
    return all;
  };
  CHECK(run(true) == run(false));
}

template <class Device>
void flat(const Size& size) {
  using W = Wide<Device>;
  using S = Scalar<Device>;
  const Index t = size.rows, d = size.width;
  Values<W> x{t, d, 1}, average{t, d, 2}, total{1, d, 3};
  Values<S> operands{t, d};
  const auto before = average, before_total = total;
  const double momentum = 0.9;
  double norm = -1;
  Device device;
  ops::run(device, ops::Lerp<W, S>{x.view(), &momentum, average.view(), operands.view()});
  const auto lerp = [&](Index i, Index c) {
    return before(i, c) + (1 - momentum) * (x(i, c) - before(i, c));
  };
  check(average.view(), lerp, "average");
  check(operands.view(), lerp, "operands");
  ops::run(device, ops::SquaredNorm<W>{x.view(), &norm});
  const double want =
      sum(t, [&](Index i) { return sum(d, [&](Index c) { return x(i, c) * x(i, c); }); });
  CHECK(norm == doctest::Approx(want).epsilon(1e-6));
  ops::run(device, ops::SumRows<W, W>{x.view(), total.view()});
  check(
      total.view(),
      [&](Index, Index c) { return before_total(0, c) + sum(t, [&](Index i) { return x(i, c); }); },
      "sum of rows");
  ops::run(device, ops::Zero<W>{x.view()});
  check(
      x.view(), [](Index, Index) { return 0.; }, "zero");
}

}  // namespace

TEST_CASE_TEMPLATE("layer norm", Device, Fp64, Fp32, Bf16, Bf16Stream) {
  for (const Size& size : sizes) layer_norm<Device>(size);
}

TEST_CASE_TEMPLATE("GELU", Device, Fp64, Fp32, Bf16) {
  for (const Size& size : sizes) gelu<Device>(size);
}

TEST_CASE_TEMPLATE("residual", Device, Fp64, Fp32, Bf16, Bf16Stream) {
  for (const Size& size : sizes)
    for (const bool gamma : {false, true})
      for (const bool scale : {false, true}) residual<Device>(size, gamma, scale);
}

TEST_CASE_TEMPLATE("residual and norm in one", Device, Fp64, Fp32, Bf16, Bf16Stream) {
  for (const Size& size : sizes)
    for (const bool gamma : {false, true})
      for (const bool scale : {false, true}) of_two<Device>(size, gamma, scale);
}

TEST_CASE_TEMPLATE("flat passes", Device, Fp64, Fp32, Bf16) {
  for (const Size& size : sizes) flat<Device>(size);
}
