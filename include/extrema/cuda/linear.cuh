// SPDX-License-Identifier: MIT
// Fully connected layers: products by cuBLASLt, which adds the bias on its way.
#pragma once

#include "extrema/cuda/convert.cuh"
#include "extrema/cuda/lt.cuh"
#include "extrema/cuda/sum_rows.cuh"
#include "extrema/ops/linear.hpp"

namespace extrema::cuda {

/// cuBLASLt wants a bias of y's type.
template <class F, class P, class S, class Y, class W>
void launch(BasicDevice<F, P>& device, const ops::Linear<S, Y, W>& op) {
  Product<S, Y> product{.a = op.x, .b = op.weight, .b_is = Transposed::yes, .c = write_to(op.y)};
  const Scope scope{device.workspace()};
  if constexpr (std::is_same_v<Y, S>)
    if (!op.rounded_bias.empty()) product.bias = op.rounded_bias.data;
  if (!product.bias && !op.bias.empty()) product.bias = ops::as<Y>(device, op.bias).data;
  device.products()(device, product);
}

template <class F, class P, class S, class W>
void launch(BasicDevice<F, P>& device, const ops::LinearBackward<S, W>& op) {
  if (op.grad_y.rows == 0) return;
  if (!op.grad_bias.empty()) launch(device, ops::SumRows<S, W>{op.grad_y, op.grad_bias});
  if (!op.grad_weight.empty())
    device.products()(
        device,
        Product<S, W>{
            .a = op.grad_y, .a_is = Transposed::yes, .b = op.x, .c = add_to(op.grad_weight)});
  if (!op.grad_x.empty())
    device.products()(device, Product<S, S>{.a = op.grad_y, .b = op.weight, .c = op.grad_x});
}

}  // namespace extrema::cuda
