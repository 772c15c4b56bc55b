// SPDX-License-Identifier: MIT
// After the second step nothing of extrema asks for memory. What Eigen and oneDNN ask for inside
// their own calls is counted apart.
#include <doctest/doctest.h>

#include <memory>
#include <vector>

#include "../../bench/allocations.hpp"
#include "extrema/cpu/cpu.hpp"
#include "extrema/mask/block_wise.hpp"
#include "extrema/mask/disjoint.hpp"
#include "extrema/nn/recompute.hpp"
#include "extrema/optim/adamw.hpp"
#include "extrema/siamese/packed_views.hpp"
#include "extrema/train/trainer.hpp"
#ifdef EXTREMA_HAS_ONEDNN
#include "extrema/cpu/onednn.hpp"
#endif

using namespace extrema;
using bench::allocations;

namespace {

struct Counts {
  long own, eigen, onednn;
};

/// One entry for each of five steps of a small model, masks drawn and sent among them.
template <class Device, class Block>
std::vector<Counts> counted_steps(cpu::Determinism level) {
  constexpr nn::VitShape shape{.patch = 4, .dim = 64, .depth = 3, .heads = 2};
  using Method = siamese::Extrema<nn::Vit<shape, Block>, mask::Disjoint>;
  Device device;
  device.products().determinism(level);
  const ImageExtent extent{3, 32, 32};
  train::Trainer<Method, optim::AdamW, Device> trainer{
      device,
      {.method = {
           .backbone = {.image = extent, .drop_path = 0.1}, .hidden = 128, .projection = 32}}};
  const std::vector<float> pixels(static_cast<std::size_t>(4 * extent.size()), 0.3f);
  const nn::Images<Device> images{pixels.data(), extent, 4};
  siamese::PackedViews<Device> student, teacher;
  const std::vector<std::uint32_t> samples{0, 1, 2, 3};
  std::vector<Counts> counts;
  counts.reserve(8);
  for (std::uint32_t step = 0; step < 5; ++step) {
    const bench::CountAllocations count;
    student.fill(mask::Disjoint{}, extent.grid(4), 5, samples, 0, step);
    teacher.fill_all(extent.grid(4), samples);
    trainer.step(siamese::Batch<Device>{images, student.send(device), images, teacher.send(device)},
                 {.learning_rate = 1e-3});
    counts.push_back({allocations.own, allocations.eigen, allocations.onednn});
  }
  return counts;
}

template <class Device, class Block>
void check(bool eigen_asks, cpu::Determinism level = cpu::Determinism::run_to_run) {
  const std::vector<Counts> counts = counted_steps<Device, Block>(level);
  if (bench::counts_allocations) CHECK(counts[0].own > 0);
  for (std::size_t step = 2; step < counts.size(); ++step) {
    CHECK(counts[step].own == 0);
    if (!eigen_asks) CHECK(counts[step].eigen == 0);
  }
  MESSAGE("requests in the first step and in the last: own ", counts.front().own, ", ",
          counts.back().own, "; Eigen ", counts.front().eigen, ", ", counts.back().eigen,
          "; oneDNN ", counts.front().onednn, ", ", counts.back().onednn);
}

template <class Format, class Products>
using On = cpu::BasicDevice<Format, Products>;

}  // namespace

TEST_CASE("the counter counts") {
  if (!bench::counts_allocations) return;
  const bench::CountAllocations count;
  const auto number = std::make_unique<int>(1);
  void* volatile memory = std::malloc(100);
  CHECK(*number == 1);
  CHECK(memory != nullptr);
  std::free(memory);
  CHECK(allocations.own == 1);
  CHECK(allocations.eigen == 1);
}

TEST_CASE("Eigen's products: extrema asks for nothing after the second step") {
  check<On<fp32, cpu::EigenProducts>, nn::Block>(true);
  check<On<bf16, cpu::EigenProducts>, nn::Recompute<nn::Block>>(true);
}

#ifdef EXTREMA_HAS_ONEDNN
TEST_CASE("oneDNN's products: extrema asks for nothing after the second step, nor does Eigen") {
  check<On<fp32, cpu::OneDnn>, nn::Recompute<nn::Block>>(false);
  check<On<bf16, cpu::OneDnn>, nn::Block>(false);
  check<On<bf16, cpu::OneDnn>, nn::Block>(false, cpu::Determinism::threads);
}
#endif

TEST_CASE("no allocation in masks, of varying length too") {
  cpu::Device device;
  siamese::PackedViews<cpu::Device> views;
  const std::vector<std::uint32_t> samples{0, 1, 2, 3};
  for (std::uint32_t epoch = 0; epoch < 5; ++epoch) {
    const bench::CountAllocations count;
    views.fill(mask::BlockWise{}, Grid{14, 14}, 5, samples, 0, epoch);
    views.send(device);
    if (epoch > 0) CHECK(allocations.own == 0);
  }
}
