// SPDX-License-Identifier: MIT
// Steps of many geometries: which are captured, kept and dropped, and that each does its work.
#include <doctest/doctest.h>

#include "both.hpp"
#include "extrema/cuda/flat.cuh"
#include "extrema/cuda/transfer.cuh"
#include "extrema/device/download.hpp"
#include "extrema/device/upload.hpp"

using namespace extrema;

namespace {

using Device = cuda::BasicDevice<fp32, NoProducts>;

/// A step that adds one, and counts how often the host ran its operation.
struct Steps {
  Device device;
  cuda::Graphs graphs;
  Buffer<float, cuda::Memory> one = upload(device, std::vector<float>{1}),
                              sum = upload(device, std::vector<float>{0});
  int runs = 0;

  void take(Index number) {
    Geometry geometry;
    geometry.add(number);
    graphs(device, geometry, [&] {
      ++runs;
      ops::run(device, ops::Add<float>{{one.data(), 1, 1}, sum.view()});
    });
  }
  int runs_of(Index number) {
    const int before = runs;
    take(number);
    return runs - before;
  }
  float result() { return download(device, sum.view())[0]; }
};

}  // namespace

TEST_CASE("a geometry is run, captured, and then replayed") {
  Steps steps;
  CHECK(steps.runs_of(1) == 1);
  CHECK(steps.runs_of(1) == 1);
  for (int i = 0; i < 5; ++i) CHECK(steps.runs_of(1) == 0);
  CHECK(steps.result() == 7);
  steps.graphs.forget();
  CHECK(steps.runs_of(1) == 1);
  CHECK(steps.result() == 8);
}

TEST_CASE("of many geometries those that were used longest ago are dropped") {
  Steps steps;
  for (Index number = 0; number < 100; ++number) {
    steps.take(number);
    steps.take(number);
    steps.take(0);  // stays in use
  }
  CHECK(steps.result() == 300);
  CHECK(steps.runs_of(0) == 0);
  CHECK(steps.runs_of(99) == 0);
  CHECK(steps.runs_of(50) == 0);
  CHECK(steps.runs_of(10) == 1);
  CHECK(steps.runs_of(10) == 1);
  CHECK(steps.runs_of(10) == 0);
  CHECK(steps.result() == 306);
}
