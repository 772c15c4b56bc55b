// SPDX-License-Identifier: MIT
// Fully connected layers: products by cuBLASLt, the bias and its gradient on the way where it can.
#pragma once

#include <type_traits>

#include "extrema/cuda/convert.cuh"
#include "extrema/cuda/flat.cuh"
#include "extrema/cuda/lt.cuh"
#include "extrema/cuda/tokens.cuh"
#include "extrema/ops/linear.hpp"

namespace extrema::cuda {

/// The bias is rounded to the type of y first, as cuBLASLt wants both to be of one.
template <class F, class P, class S, class Y, class W>
void launch(BasicDevice<F, P>& device, const ops::Linear<S, Y, W>& op) {
  Product<S, Y> product{.a = op.x, .b = op.weight, .b_is = Transposed::yes, .c = write_to(op.y)};
  const Scope scope{device.workspace()};
  if (!op.bias.empty()) {
    product.vector_is = Vector::bias;
    // The library's type says "to be written"; a bias is only read.
    product.vector = const_cast<Y*>(ops::as<Y>(device, op.bias).data);
  }
  device.products()(device, product);
}

/// The gradients of weight and bias, which both read grad_y: in one product where cuBLASLt can.
template <class F, class P, class S, class W>
void launch_parameters(BasicDevice<F, P>& device, const ops::LinearBackward<S, W>& op) {
  Product<S, W> product{
      .a = op.grad_y, .a_is = Transposed::yes, .b = op.x, .c = add_to(op.grad_weight)};
  const Scope scope{device.workspace()};
  if (!op.grad_bias.empty()) {
    const auto sum = take_wide(device, 1, op.grad_bias.cols);
    Product<S, W> with_sum = product;
    with_sum.vector_is = Vector::sum_of_a;
    with_sum.vector = sum.data;
    if (device.products().offers(with_sum)) {
      device.products()(device, with_sum);
      return launch(device, ops::Add<W>{sum, op.grad_bias});
    }
    launch(device, ops::SumRows<S, W>{op.grad_y, op.grad_bias});
  }
  device.products()(device, product);
}

template <class F, class P, class S, class W>
void launch(BasicDevice<F, P>& device, const ops::LinearBackward<S, W>& op) {
  if (op.grad_y.rows == 0) return;
  if (!op.grad_weight.empty()) launch_parameters(device, op);
  else if (!op.grad_bias.empty()) launch(device, ops::SumRows<S, W>{op.grad_y, op.grad_bias});
  if (!op.grad_x.empty())
    device.products()(device, Product<S, S>{.a = op.grad_y, .b = op.weight, .c = op.grad_x});
}

}  // namespace extrema::cuda
