// SPDX-License-Identifier: MIT
// Numbers in another type, on the card: each is read and written once, 6 bytes from float to
// bfloat16.
#pragma once

#include "extrema/cuda/device.cuh"
#include "extrema/cuda/pass.cuh"
#include "extrema/ops/convert.hpp"

namespace extrema::cuda {

namespace detail {

template <class From, class To>
struct ConvertPass {
  static constexpr int at_once = 2;
  const From* from;
  To* to;

  template <int n>
  __device__ Pack<From, n> read(Index at) const {
    return load<n>(from + at);
  }
  template <int n>
  __device__ void write(Index at, const Pack<From, n>& in) const {
    store(to + at, narrow<To>(in));
  }
};

}  // namespace detail

template <class F, class P, class From, class To>
void launch(BasicDevice<F, P>& device, const ops::Convert<From, To>& op) {
  constexpr int n = pack_size<From, To>;
  run_pass<n>(device, op.name, detail::ConvertPass<From, To>{op.from.data, op.to.data},
              op.to.size(), in_packs<n>(op.from.data) && in_packs<n>(op.to.data));
}

}  // namespace extrema::cuda
