// SPDX-License-Identifier: MIT
// AdamW, SGD and LARS on the GPU against the CPU, over stores that are divided in many ways.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "both.hpp"
#include "extrema/cpu/adamw.hpp"
#include "extrema/cpu/lars.hpp"
#include "extrema/cpu/sgd.hpp"
#include "extrema/cpu/transfer.hpp"
#include "extrema/cuda/adamw.cuh"
#include "extrema/cuda/lars.cuh"
#include "extrema/cuda/sgd.cuh"
#include "extrema/cuda/transfer.cuh"

namespace {

using namespace extrema;
using compare::Bound, compare::Data;

using Fp32 = Both<fp32>;
using Bf16 = Both<bf16>;

constexpr Bound same{0};
/// A handful of roundings of 2^-24 each, which compilers may fuse.
constexpr Bound few{5e-7};
/// The CPU adds the squares of norms in float, 16384 at a time.
constexpr Bound norms{2e-6};

struct Store {
  Index size = 0;  // it may be longer than its segments: the rest is left alone
  std::vector<ops::Segment> segments;
};

/// Segments that end within packs, are empty, or not trained; as many as a network has; of one
/// element; a single one; none.
const std::vector<Store> stores{
    {10'000, {{5, 1, 1}, {6, 0, 1}, {6, 1, 1}, {64, 1, 0}, {4801, 0.5, 1}, {9993, 1, 2}}},
    {4096, {{1024, 1, 1}, {2048, 1, 0}, {2052, 0, 0}, {4096, 1, 1}}},
    {3, {{1, 1, 1}, {2, 0, 1}, {3, 1, 1}}},
    {33'000, {{33'000, 1, 1}}},
    {40, {{40, 0, 1}}},
    {7, {}},
    {0, {}}};

Store many_segments() {
  Store store;
  for (Index i = 0; i < 300; ++i)
    store.segments.push_back(
        {store.size += 1 + i * i % 97, static_cast<double>(i % 5), static_cast<double>(i % 3)});
  return store;
}

struct Way {
  double factor = 0.7;
  bool has_factor = true;
  bool operands = true;
  Index by = 0;  // where its views begin, after an address that any pack could have
};
const std::vector<Way> ways{{}, {.has_factor = false}, {.operands = false}, {.by = 1}, {.by = 4}};

/// The arguments that all three have.
template <class Operation, class D>
Operation common(Data<D>& data, const Store& store, const Way& way) {
  using W = Wide<D>;
  const auto moved = [&]<class T>(Matrix<T> all) {
    return Matrix<T>{all.data + way.by, 1, store.size};
  };
  const Index whole = store.size + way.by;
  Operation op;
  op.values = moved(Matrix<W>{data.inout("values", 1, whole)});
  op.gradients = moved(Matrix<const W>{data.input(1, whole)});
  if (way.operands) op.operands = moved(Matrix<Scalar<D>>{data.inout("operands", 1, whole)});
  op.segments = data.given(store.segments.empty() ? std::vector<ops::Segment>(1) : store.segments);
  op.segment_count = static_cast<Index>(store.segments.size());
  op.step = data.given(
      std::vector{ops::StepScalars{.learning_rate = 0.01, .weight_decay = 0.1, .count = 3}});
  if (way.has_factor) op.gradient_factor = data.given(std::vector{way.factor});
  return op;
}
template <class D>
Matrix<Wide<D>> moment(Data<D>& data, const char* name, const Store& store, const Way& way) {
  const Matrix<Wide<D>> all = data.inout(name, 1, store.size + way.by, compare::between(0, 2));
  return {all.data + way.by, 1, store.size};
}

const auto adamw = [](const Store& store, Way way = {}) {
  return [=]<class D>(Data<D>& data) {
    auto op = common<ops::AdamW<Wide<D>, Scalar<D>>>(data, store, way);
    op.first = moment(data, "first", store, way);
    op.second = moment(data, "second", store, way);
    return op;
  };
};

struct Momentum {
  bool has = true, nesterov = false;
};
const auto sgd = [](const Store& store, Way way = {}, Momentum momentum = {}) {
  return [=]<class D>(Data<D>& data) {
    auto op = common<ops::Sgd<Wide<D>, Scalar<D>>>(data, store, way);
    if (momentum.has) op.velocity = moment(data, "velocity", store, way);
    op.nesterov = momentum.nesterov;
    return op;
  };
};

const auto lars = [](const Store& store, Way way = {}) {
  return [=]<class D>(Data<D>& data) {
    auto op = common<ops::Lars<Wide<D>, Scalar<D>>>(data, store, way);
    op.velocity = moment(data, "velocity", store, way);
    op.trust = 0.5;
    return op;
  };
};

/// test(store, way) of all of them.
template <class Test>
void each_store(const Test& test) {
  auto all = stores;
  all.push_back(many_segments());
  for (const Store& store : all)
    for (const Way& way : ways) {
      CAPTURE(store.size);
      CAPTURE(store.segments.size());
      CAPTURE(way.by);
      test(store, way);
    }
}

}  // namespace

TEST_CASE_TEMPLATE("AdamW", Both, ALL_BACKENDS) {
  Both both;
  each_store([&](const Store& store, const Way& way) {
    CHECK(both.difference(adamw(store, way), few) == "");
  });
}

TEST_CASE_TEMPLATE("SGD", Both, ALL_BACKENDS) {
  Both both;
  each_store([&](const Store& store, const Way& way) {
    CHECK(both.difference(sgd(store, way), few) == "");
    CHECK(both.difference(sgd(store, way, {.nesterov = true}), few) == "");
    CHECK(both.difference(sgd(store, way, {.has = false}), few) == "");
  });
}

TEST_CASE_TEMPLATE("LARS", Both, ALL_BACKENDS) {
  Both both;
  each_store([&](const Store& store, const Way& way) {
    CHECK(both.difference(lars(store, way), norms) == "");
  });
}

TEST_CASE("LARS of a segment that is zero") {
  Fp32 both;
  const auto zero = []<class D>(Data<D>& data) {
    auto op = lars(Store{100, {{50, 1, 1}, {100, 1, 1}}})(data);
    op.values = data.inout("zeros", 1, 100, [](random::Stream&) { return 0.0; });
    return op;
  };
  CHECK(both.difference(zero, norms) == "");
}

/// Several blocks share a segment.
TEST_CASE("LARS of great segments: the same bits again") {
  Fp32 both;
  const Store great{100'001, {{50'001, 1, 1}, {100'001, 1, 1}}};
  CHECK(both.difference(lars(great), norms) == "");
  CHECK(both.repetition(lars(great)) == "");
}

TEST_CASE("a step whose factor is 0 changes nothing") {
  Bf16 both;
  const Way nothing{.factor = 0};
  for (const Store& store : {stores[0], stores[1]}) {
    CHECK(both.difference(adamw(store, nothing), same) == "");
    CHECK(both.difference(sgd(store, nothing), same) == "");
    CHECK(both.difference(lars(store, nothing), same) == "");
  }
}

TEST_CASE("replayed by a graph") {
  Bf16 both;
  CHECK(both.replayed(adamw(stores[0]), {4 * few.arithmetic}) == "");
  CHECK(both.replayed(sgd(stores[0]), {4 * few.arithmetic}) == "");
  CHECK(both.replayed(lars(stores[0]), {4 * norms.arithmetic}) == "");
}
