// SPDX-License-Identifier: MIT
// Singular values by Jacobi's rotations against Eigen's.   N rows, P features
#include <doctest/doctest.h>

#include "compare.hpp"
#include "extrema/cpu/cpu.hpp"
#include "extrema/cpu/gemm.hpp"
#include "extrema/cuda/lt.cuh"
#include "extrema/cuda/singular_values.cuh"
#include "extrema/cuda/transfer.cuh"
#include "extrema/device/download.hpp"
#include "extrema/device/upload.hpp"

using namespace extrema;

namespace {

const auto singular_values = [](Index rows, Index width) {
  return [=]<class D>(compare::Data<D>& data) {
    return ops::SingularValues<Wide<D>>{.x = data.input(rows, width),
                                        .values = data.output("values", 1, std::min(rows, width))};
  };
};

}  // namespace

TEST_CASE("as Eigen's, for even and odd sizes, more rows and fewer") {
  compare::Backends<cpu::Device, cuda::Device> both;
  for (const auto& size : {std::pair<Index, Index>{1, 1},
                           {1, 5},
                           {2, 2},
                           {3, 3},
                           {40, 7},
                           {7, 40},
                           {33, 32},
                           {50, 49}}) {
    CAPTURE(size.first);
    CHECK(both.difference(singular_values(size.first, size.second), {1e-7}) == "");
  }
}

TEST_CASE("a matrix of rank 1 has one value that is not noise") {
  cuda::Device device;
  std::vector<float> host;
  for (int i = 0; i < 9; ++i)
    for (int j = 0; j < 4; ++j) host.push_back(static_cast<float>((i + 1) * (j - 2)));
  const auto x = upload(device, host);
  const Buffer<double, cuda::Memory> values{4};
  ops::run(device, ops::SingularValues<float>{{x.data(), 9, 4}, values.view()});
  const auto found = download(device, values.view());
  CHECK(found[0] == doctest::Approx(std::sqrt(285.0 * 6)));
  for (int i = 1; i < 4; ++i) CHECK(found[static_cast<std::size_t>(i)] < 1e-6);
}
