// SPDX-License-Identifier: MIT
// The nearest rows of a bank on the GPU: products of some queries with the whole bank, then one
// block per query picks the best of its row.   Q queries, N rows, K neighbours
#pragma once

#include <algorithm>
#include <limits>

#include "extrema/cuda/launch.cuh"
#include "extrema/cuda/lt.cuh"
#include "extrema/ops/nearest.hpp"

namespace extrema::cuda {

namespace detail {

template <class W>
inline constexpr W infinity = std::numeric_limits<W>::infinity();

template <class W>
struct Candidate {
  W product;
  Index index;  // -1: none

  /// A larger product, or the same of a row that comes earlier.
  __device__ bool before(const Candidate& other) const {
    return product > other.product || (product == other.product && index < other.index);
  }
};

template <class W>
__device__ Candidate<W> warp_best(Candidate<W> mine) {
#pragma unroll
  for (int offset = warp_size / 2; offset > 0; offset /= 2) {
    const Candidate<W> other{__shfl_xor_sync(0xffffffffu, mine.product, offset),
                             __shfl_xor_sync(0xffffffffu, mine.index, offset)};
    if (other.index >= 0 && (mine.index < 0 || other.before(mine))) mine = other;
  }
  return mine;
}

/// K passes over a row that stays in the cache, each for the best after the last one found: what is
/// no number, or minus infinity, is never found.
template <class W>
__global__ void best_kernel(Matrix<const W> products, Matrix<W> product,
                            Matrix<std::int32_t> index) {
  __shared__ W best_product[warp_size];
  __shared__ Index best_index[warp_size];
  const Index query = blockIdx.x, threads = blockDim.x;
  const int lane = static_cast<int>(threadIdx.x) % warp_size,
            warp = static_cast<int>(threadIdx.x) / warp_size,
            warps = static_cast<int>(threads) / warp_size;
  const W* row = products.row(query);
  Candidate<W> last{infinity<W>, -1};
  for (Index k = 0; k < product.cols; ++k) {
    Candidate<W> best{-infinity<W>, -1};
    for (Index j = threadIdx.x; j < products.cols; j += threads) {
      const Candidate<W> here{row[j], j};
      if (here.product > -infinity<W> && last.before(here) && (best.index < 0 || here.before(best)))
        best = here;
    }
    best = warp_best(best);
    if (lane == 0) {
      best_product[warp] = best.product;
      best_index[warp] = best.index;
    }
    __syncthreads();
    last = warp_best(lane < warps ? Candidate<W>{best_product[lane], best_index[lane]}
                                  : Candidate<W>{-infinity<W>, -1});
    __syncthreads();  // before the next pass writes
    if (threadIdx.x == 0) {
      product.row(query)[k] = last.product;
      index.row(query)[k] = static_cast<std::int32_t>(last.index);
    }
  }
}

}  // namespace detail

template <class F, class P, class W>
void launch(BasicDevice<F, P>& device, const ops::Nearest<W>& op) {
  constexpr Index most = 1 << 24;  // products at a time
  const Index step = std::clamp<Index>(most / op.bank.rows, 1, op.x.rows);
  const Scope scope{device.workspace()};
  const auto products = take_as<W>(device, step, op.bank.rows);
  for (Index first = 0; first < op.x.rows; first += step) {
    const Index count = std::min(step, op.x.rows - first);
    const auto some = products.slice(0, count);
    device.products()(device, Product<W, W>{.a = op.x.slice(first, count),
                                            .b = op.bank,
                                            .b_is = Transposed::yes,
                                            .c = write_to(some)});
    start(device, op.name, {dim3(static_cast<unsigned>(count)), dim3(256)}, detail::best_kernel<W>,
          some, op.product.slice(first, count), op.index.slice(first, count));
  }
}

}  // namespace extrema::cuda
