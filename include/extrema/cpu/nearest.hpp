// SPDX-License-Identifier: MIT
// The nearest rows of a bank on the CPU: a tile of products at a time, which stays in the cache.
#pragma once

#include <algorithm>
#include <limits>

#include "extrema/cpu/wide.hpp"
#include "extrema/ops/nearest.hpp"

namespace extrema::cpu {

namespace detail {

/// The best so far of one query, sorted.
template <class W>
class Best {
 public:
  Best(W* product, std::int32_t* index, Index size)
      : product_{product}, index_{index}, last_{size - 1} {}

  void clear() {
    std::fill_n(product_, last_ + 1, -std::numeric_limits<W>::infinity());
    std::fill_n(index_, last_ + 1, -1);
  }

  /// In the order of indices, so that equals stay in it.
  void offer(const W* products, Index count, Index first_index) {
    for (Index j = 0; j < count; ++j)
      if (products[j] > product_[last_]) insert(products[j], first_index + j);
  }

 private:
  void insert(W product, Index index) {
    Index at = last_;
    for (; at > 0 && product > product_[at - 1]; --at) {
      product_[at] = product_[at - 1];
      index_[at] = index_[at - 1];
    }
    product_[at] = product;
    index_[at] = static_cast<std::int32_t>(index);
  }

  W* product_;
  std::int32_t* index_;
  Index last_;
};

}  // namespace detail

/// Tiles do not depend on the number of threads, so neither do the products' bits.
template <class P, class G, class H, class W>
void launch(TeamDevice<P, G, H>& device, const ops::Nearest<W>& op) {
  constexpr Index queries = 128, tile = 512;
  const Scope scope{device.workspace()};
  const auto products = take_as<W>(device, device.threads() * queries, tile);
  parallel_runs(device, op.x.rows, queries, [&](Index first, Index count, int thread) {
    const auto mine = products.slice(thread * queries, count);  // (count, tile)
    const auto best = [&](Index i) {
      return detail::Best<W>{op.product.row(first + i), op.index.row(first + i), op.product.cols};
    };
    for (Index i = 0; i < count; ++i) best(i).clear();
    for (Index at = 0; at < op.bank.rows; at += tile) {
      const Index width = std::min(tile, op.bank.rows - at);
      eigen(mine.data, count, width, tile).noalias() =
          eigen(op.x.slice(first, count)) * eigen(op.bank.slice(at, width)).transpose();
      for (Index i = 0; i < count; ++i) best(i).offer(mine.row(i), width, at);
    }
  });
}

}  // namespace extrema::cpu
