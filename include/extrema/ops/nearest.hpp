// SPDX-License-Identifier: MIT
// The nearest rows of a bank by dot product.   Q queries, N rows, K <= N neighbours, P features
#pragma once

#include <cstdint>

#include "extrema/core/tensor.hpp"

namespace extrema::ops {

/// Best first; of equal products the one of the lower index. A product that is not a number is
/// never among them; places left over have index -1.
template <class W>
struct Nearest {
  static constexpr const char* name = "nearest";
  Matrix<const W> x;           // (Q, P)
  Matrix<const W> bank;        // (N, P)
  Matrix<W> product;           // (Q, K)
  Matrix<std::int32_t> index;  // (Q, K)
  constexpr bool valid() const {
    return x.cols == bank.cols && x.rows == product.rows && same_shape(product, index) &&
           product.cols > 0 && product.cols <= bank.rows && bank.rows <= INT32_MAX;
  }
};

}  // namespace extrema::ops
