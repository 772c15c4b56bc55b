// SPDX-License-Identifier: MIT
// Device memory as a host array, waiting for the transfer: for records and tests, not for steps.
#pragma once

#include <type_traits>
#include <vector>

#include "extrema/core/device.hpp"
#include "extrema/ops/run.hpp"
#include "extrema/ops/transfer.hpp"

namespace extrema {

/// In row-major order.
template <class Device, class T>
auto download(Device& device, Matrix<T> from) {
  using Value = std::remove_const_t<T>;
  const Buffer<Value, typename Device::Staging> staging{from.size()};
  if (from.size() > 0) {
    ops::run(device, ops::Download<Value>{from.data, staging.data(), from.size()});
    device.synchronise();
  }
  return std::vector<Value>(staging.data(), staging.data() + from.size());
}

}  // namespace extrema
