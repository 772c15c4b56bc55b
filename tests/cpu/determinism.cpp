// SPDX-License-Identifier: MIT
// Whole training steps are the same, bit for bit, whatever the number of threads.
#include <doctest/doctest.h>

#include <cstring>
#include <string>
#include <vector>

#include "extrema/cpu/cpu.hpp"
#include "extrema/mask/block_wise.hpp"
#include "extrema/mask/disjoint.hpp"
#include "extrema/optim/adamw.hpp"
#include "extrema/siamese/packed_views.hpp"
#include "extrema/train/trainer.hpp"
#include "threads.hpp"
#ifdef EXTREMA_HAS_ONEDNN
#include "extrema/cpu/onednn.hpp"
#endif

using namespace extrema;
using cpu::BasicDevice, cpu::Determinism, cpu::EigenProducts;

namespace {

/// Student, teacher and moments after two steps of a small model.
template <class Device, class Mask = mask::Disjoint>
std::vector<Wide<Device>> after_steps(int threads, Determinism level, Index batch = 24) {
  using Method =
      siamese::Extrema<nn::Vit<nn::VitShape{.patch = 4, .dim = 96, .depth = 2, .heads = 3}>, Mask>;
  use_threads(threads);
  Device device;
  device.products().determinism(level);
  const ImageExtent extent{3, 32, 32};
  train::Trainer<Method, optim::AdamW, Device> trainer{
      device,
      {.method = {
           .backbone = {.image = extent, .drop_path = 0.2}, .hidden = 640, .projection = 40}}};
  random::Stream random{1, random::Purpose::crop, 0, 0};
  std::vector<Wide<Device>> pixels(static_cast<std::size_t>(batch * extent.size()));
  for (auto& p : pixels) p = static_cast<Wide<Device>>(2 * random.uniform() - 1);
  const nn::Images<Device> images{pixels.data(), extent, batch};
  std::vector<std::uint32_t> samples(static_cast<std::size_t>(batch));
  for (std::size_t i = 0; i < samples.size(); ++i) samples[i] = static_cast<std::uint32_t>(i);
  siamese::PackedViews<Device> student, teacher;
  teacher.fill_all(extent.grid(4), samples);
  const Views whole = teacher.send(device);
  for (std::uint32_t step = 0; step < 2; ++step) {
    student.fill(Mask{}, extent.grid(4), 5, samples, 0, step);
    trainer.step(siamese::Batch<Device>{images, student.send(device), images, whole},
                 {.learning_rate = 1e-3, .weight_decay = 0.1, .ema_momentum = 0.9});
  }
  std::vector<Wide<Device>> all;
  for (const auto& [name, values] : trainer.buffers())
    all.insert(all.end(), values.data, values.data + values.size());
  use_threads(1);
  return all;
}

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

template <class Device>
void check(Determinism level) {
  const auto one = after_steps<Device>(1, level);
  CHECK(same_bits(one, after_steps<Device>(2, level)));
  CHECK(same_bits(one, after_steps<Device>(3, level)));
}

}  // namespace

TEST_CASE("Eigen: always") {
  check<BasicDevice<fp32, EigenProducts>>(Determinism::run_to_run);
  check<BasicDevice<bf16, EigenProducts>>(Determinism::run_to_run);
}

#ifdef EXTREMA_HAS_ONEDNN
using cpu::OneDnn;

TEST_CASE("oneDNN: on request") {
  check<BasicDevice<fp32, OneDnn>>(Determinism::threads);
  check<BasicDevice<bf16, OneDnn>>(Determinism::threads);
}

TEST_CASE("oneDNN: on request, with few rows and with views of varying length") {
  using Device = BasicDevice<fp32, OneDnn>;
  const auto few = [](int threads) {
    return after_steps<Device>(threads, Determinism::threads, 3);
  };
  CHECK(same_bits(few(1), few(2)));
  const auto varying = [](int threads) {
    return after_steps<Device, mask::BlockWise>(threads, Determinism::threads, 7);
  };
  CHECK(same_bits(varying(1), varying(2)));
}

TEST_CASE("oneDNN: by default runs with the same number of threads are equal") {
  using Device = BasicDevice<fp32, OneDnn>;
  const auto run = [](int threads) {
    return after_steps<Device>(threads, Determinism::run_to_run);
  };
  const auto two = run(2);
  CHECK(same_bits(two, run(2)));
  MESSAGE("by default, 1 and 2 threads are ",
          std::string{same_bits(run(1), two) ? "equal" : "not equal"});
}
#endif
