// SPDX-License-Identifier: MIT
// A layer's gradients against difference quotients in double, on a device that poisons memory.
#pragma once

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "../checked_device.hpp"
#include "extrema/core/parameters.hpp"
#include "extrema/nn/initialise.hpp"

namespace finite_differences {

using namespace extrema;
using Device = CheckedDevice<fp64>;
using Rows = Matrix<const double>;

/// Sequences of different lengths; the first, one in between and the last are empty.
struct Ragged {
  std::vector<std::int32_t> offsets{0, 0, 3, 4, 4, 9, 9};
  std::vector<std::uint32_t> sample{7, 3, 0, 5, 8, 1}, view{0, 1, 0, 2, 1, 0};

  Sequences sequences() const {
    return {.offsets = offsets.data(),
            .count = 6,
            .tokens = 9,
            .longest = 5,
            .sample = sample.data(),
            .view = view.data()};
  }
};

inline std::vector<double> random_numbers(Index count, std::uint32_t stream) {
  random::Stream random{2, random::Purpose::init, 1, stream};
  std::vector<double> result(static_cast<std::size_t>(count));
  for (double& x : result) x = 2 * random.uniform() - 1;
  return result;
}

/// Whether a layer is told where to put its input's gradient, or works in place on the one it gets.
enum class Input { written_or_added, written, added };

/// The objective is the sum of `forward(device, weights, x).output` times fixed random numbers.
/// `backward(device, parameters, saved, grad_y, grad_x)` may overwrite grad_y.
template <class Forward, class Backward>
class Check {
 public:
  Check(const Layout& layout, Index rows, Index cols, const Forward& forward,
        const Backward& backward)
      : layout_{layout},
        values_{nn::initialise<double>(layout, 7)},
        x_{random_numbers(rows * cols, 1)},
        rows_{rows},
        cols_{cols},
        forward_{forward},
        backward_{backward} {
    const auto noise = random_numbers(layout.size(), 2);  // no zero biases, no equal scales
    for (std::size_t i = 0; i < values_.size(); ++i) values_[i] += 0.3 * noise[i];
  }

  /// A random key, for layers that draw.
  const random::StepKey* key = nullptr;
  Input input = Input::written_or_added;

  void operator()() {
    const auto before = random_numbers(std::ssize(values_), 3),
               x_before = random_numbers(size(), 4);
    auto gradients = before, grad_x = x_before;
    const bool add = input == Input::added;
    if (input != Input::added) std::ranges::fill(grad_x, std::nan(""));
    differentiate(gradients, {{grad_x.data(), rows_, cols_}, add});
    auto analytic = gradients, analytic_x = grad_x;
    for (std::size_t i = 0; i < analytic.size(); ++i) analytic[i] -= before[i];
    if (add)
      for (std::size_t i = 0; i < analytic_x.size(); ++i) analytic_x[i] -= x_before[i];
    compare_parameters(analytic);
    for (std::size_t i = 0; i < x_.size(); ++i) {
      CAPTURE(i);
      CHECK(std::abs(quotient(x_[i]) - analytic_x[i]) < tolerance);
    }
    // Once more: parameters' gradients add up, the input's if it is said so.
    const bool adds = input != Input::written;
    differentiate(gradients, {{grad_x.data(), rows_, cols_}, adds});
    for (std::size_t i = 0; i < gradients.size(); ++i)
      REQUIRE(std::abs(gradients[i] - before[i] - 2 * analytic[i]) < 1e-12);
    for (std::size_t i = 0; i < grad_x.size(); ++i)
      REQUIRE(std::abs(grad_x[i] - (add ? x_before[i] : 0.) - (adds ? 2 : 1) * analytic_x[i]) <
              1e-12);
  }

 private:
  static constexpr double tolerance = 2e-9;

  Index size() const { return rows_ * cols_; }
  Weights<Device> weights() const { return {values_.data(), values_.data(), key}; }
  Rows x() const { return {x_.data(), rows_, cols_}; }

  void compare_parameters(const std::vector<double>& analytic) {
    for (const ParameterEntry& entry : layout_.entries()) {
      CAPTURE(entry.name);
      for (Index i = 0; i < entry.size(); i += 1 + entry.size() / 40) {
        CAPTURE(i);
        const auto at = static_cast<std::size_t>(entry.where.offset + i);
        if (entry.traits.trained) CHECK(std::abs(quotient(values_[at]) - analytic[at]) < tolerance);
        else CHECK(analytic[at] == 0);
      }
    }
  }

  double objective() {
    const Scope scope{device_.workspace()};
    const auto y = forward_(device_, weights(), x()).output;
    const auto factors = random_numbers(y.size(), 5);
    double sum = 0;
    for (Index i = 0; i < y.size(); ++i) sum += y.data[i] * factors.data()[i];
    return sum;
  }

  /// The slope of the objective in one of its numbers, exact but for the step's fourth power.
  double quotient(double& at) {
    const double middle = at, h = 4e-4;
    const auto slope = [&](double step) {
      at = middle + step;
      const double above = objective();
      at = middle - step;
      return (above - objective()) / (2 * step);
    };
    const double one = slope(h), two = slope(2 * h), four = slope(4 * h);
    at = middle;
    const double fine = (4 * one - two) / 3, coarse = (4 * two - four) / 3;
    return (16 * fine - coarse) / 15;
  }

  void differentiate(std::vector<double>& gradients, Gradient<double> grad_x) {
    const Scope scope{device_.workspace()};
    const auto [y, saved] = forward_(device_, weights(), x());
    const auto factors = random_numbers(y.size(), 5);
    const auto grad_y = take(device_, y.rows, y.cols);
    std::ranges::copy(factors, grad_y.data);
    backward_(device_, Trainable<Device>{weights(), gradients.data()}, saved, grad_y, grad_x);
  }

  const Layout& layout_;
  std::vector<double> values_, x_;
  Index rows_, cols_;
  Forward forward_;
  Backward backward_;
  Device device_;
};

/// A layer of activations: forward(device, weights, x, more...), backward(..., grad_y, grad_x).
template <class Layer, class... More>
void check(const Layout& layout, const Layer& layer, Index rows, Index cols, const More&... more) {
  Check{layout, rows, cols,
        [&](Device& device, const Weights<Device>& weights, Rows x) {
          return layer.forward(device, weights, x, more...);
        },
        [&](Device& device, const Trainable<Device>& parameters, const auto& saved,
            Matrix<double> grad_y, Gradient<double> grad_x) {
          layer.backward(device, parameters, saved, grad_y, grad_x);
        }}();
}

/// A layer of the residual stream: its backward works in place on the stream's gradient.
template <class Layer>
void check_in_place(const Layout& layout, const Layer& layer, Index cols,
                    const random::StepKey* key = nullptr) {
  const Ragged ragged;
  Check test{layout, ragged.sequences().tokens, cols,
             [&](Device& device, const Weights<Device>& weights, Rows x) {
               return layer.forward(device, weights, x, ragged.sequences());
             },
             [&](Device& device, const Trainable<Device>& parameters, const auto& saved,
                 Matrix<double> grad, Gradient<double> grad_x) {
               layer.backward(device, parameters, saved, grad);
               std::copy_n(grad.data, grad.size(), grad_x.tensor.data);
             }};
  test.input = Input::written;
  test.key = key;
  test();
}

}  // namespace finite_differences
