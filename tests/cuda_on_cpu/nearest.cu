// SPDX-License-Identifier: MIT
// The nearest rows of a bank against the CPU's.   Q queries, N rows, P features, K neighbours
#include <doctest/doctest.h>

#include <limits>

#include "compare.hpp"
#include "extrema/cpu/cpu.hpp"
#include "extrema/cpu/gemm.hpp"
#include "extrema/cuda/nearest.cuh"
#include "extrema/cuda/transfer.cuh"
#include "extrema/device/download.hpp"
#include "extrema/device/upload.hpp"

using namespace extrema;

namespace {

const auto nearest = [](Index queries, Index rows, Index width, Index neighbours) {
  return [=]<class D>(compare::Data<D>& data) {
    return ops::Nearest<Wide<D>>{.x = data.input(queries, width),
                                 .bank = data.input(rows, width),
                                 .product = data.output("product", queries, neighbours),
                                 .index = data.output("index", queries, neighbours)};
  };
};

/// The indices found, best first.
template <class Device>
std::vector<std::int32_t> found(const std::vector<float>& bank, Index neighbours) {
  Device device;
  const auto x = upload(device, std::vector<float>{1}), rows = upload(device, bank);
  const Buffer<float, typename Device::Memory> product{neighbours};
  const Buffer<std::int32_t, typename Device::Memory> index{neighbours};
  ops::run(device,
           ops::Nearest<float>{
               {x.data(), 1, 1}, {rows.data(), rows.size(), 1}, product.view(), index.view()});
  return download(device, index.view());
}

}  // namespace

TEST_CASE("random rows, of which no two are equally near") {
  compare::Backends<cpu::Device, cuda::Device> both;
  for (const Index rows : {1, 2, 31, 300})
    for (const Index queries : {1, 33})
      for (const Index neighbours : {Index{1}, std::min<Index>(rows, 20)}) {
        CAPTURE(rows);
        CHECK(both.difference(nearest(queries, rows, 40, neighbours), {2e-6}) == "");
      }
}

TEST_CASE("of equals the first; what is no number, or minus infinity, never") {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN(),
                  infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> bank{3, nan, 5, 5, -infinity, 3, 5, infinity};
  const std::vector<std::int32_t> expected{7, 2, 3, 6, 0, 5, -1, -1};
  CHECK(found<cuda::Device>(bank, 8) == expected);
  CHECK(found<cpu::Device>(bank, 8) == expected);
}
