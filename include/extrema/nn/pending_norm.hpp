// SPDX-License-Identifier: MIT
// On the way back, a norm's gradient waits for the joint that stands before the norm: both are one
// pass over the stream's gradient (ops::ResidualNormBackward).   T tokens, D = width
#pragma once

#include <optional>
#include <utility>

#include "extrema/core/device.hpp"
#include "extrema/core/error.hpp"
#include "extrema/ops/residual_norm.hpp"
#include "extrema/ops/run.hpp"

namespace extrema::nn {

template <class Device>
class PendingNorm {
 public:
  using Operation = ops::LayerNormBackward<Stream<Device>, Scalar<Device>, Wide<Device>>;

  /// `memory` holds the gradient of the norm's output while it waits.
  explicit PendingNorm(Tensor<Device> memory) : grad_n_{memory} {}

  Tensor<Device> grad_n() const { return grad_n_; }  // (T, D)
  void add(const Operation& operation) {
    if (operation_) throw Error{"PendingNorm: a norm's gradient was added before one was taken"};
    operation_ = operation;
  }
  std::optional<Operation> take() { return std::exchange(operation_, std::nullopt); }
  /// Before the stream's gradient is used otherwise.
  void finish(Device& device) {
    if (const auto operation = take()) ops::run(device, *operation);
  }

 private:
  Tensor<Device> grad_n_;
  std::optional<Operation> operation_;
};

}  // namespace extrema::nn
