// SPDX-License-Identifier: MIT
// The teacher's average: taken before the step, and without drift where nothing changes, as the
// two-product form has it.
#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "extrema/cpu/cpu.hpp"
#include "extrema/cpu/gemm.hpp"
#include "extrema/mask/disjoint.hpp"
#include "extrema/nn/initialise.hpp"
#include "extrema/nn/patch_embed.hpp"
#include "extrema/optim/schedule.hpp"
#include "extrema/optim/sgd.hpp"
#include "extrema/siamese/packed_views.hpp"
#include "extrema/train/trainer.hpp"

using namespace extrema;

namespace {

std::vector<float> copy(const float* values, Index count) { return {values, values + count}; }

}  // namespace

TEST_CASE("a table that is not trained stays as it is over a whole run") {
  cpu::Device device;
  Layout layout;
  const nn::PatchEmbed layer{Path{layout}, {.image = {1, 4, 4}, .patch = 1, .width = 32}};
  const auto student = nn::initialise<float>(layout, 1);
  std::vector<float> teacher = student, products = student;
  const Index size = layout.size();
  const optim::MomentumCosine momentum{.begin = 0.996, .epochs = 10};
  for (int step = 0; step < 10 * 625; ++step) {
    const double m = momentum(step / 625.);
    ops::run(device,
             ops::Lerp<float, float>{{student.data(), 1, size}, &m, {teacher.data(), 1, size}, {}});
    const auto of_teacher = static_cast<float>(m), of_student = static_cast<float>(1 - m);
    for (std::size_t i = 0; i < products.size(); ++i)
      products[i] = products[i] * of_teacher + student[i] * of_student;
  }
  CHECK(teacher == student);
  CHECK(products != student);
}

TEST_CASE("the average is of the student as it was before the step") {
  constexpr ImageExtent extent{1, 8, 8};
  using Method = siamese::Extrema<nn::Vit<nn::dynamic>, mask::Disjoint>;
  cpu::Device device;
  train::Trainer<Method, optim::Sgd, cpu::Device> trainer{
      device,
      {.method = {.backbone = {.image = extent, .shape = nn::VitShape{4, 8, 1, 1}},
                  .hidden = 8,
                  .projection = 4,
                  .views = 2,
                  .mask = {.ratio = 0.5}}}};
  const std::vector<std::uint32_t> samples{0, 1, 2};
  std::vector<float> pixels(3 * 64);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<float>(i % 7) / 7;
  siamese::PackedViews<cpu::Device> some, all;
  some.fill(mask::Disjoint{.ratio = 0.5}, extent.grid(4), 2, samples, 0, 0);
  all.fill_all(extent.grid(4), samples);
  const nn::Images<cpu::Device> images{pixels.data(), extent, 3};
  const Index size = trainer.method().encoder_size();
  const auto student = [&] { return copy(trainer.student().values, size); };
  const auto teacher = [&] { return copy(trainer.teacher().values, size); };
  const auto step = [&] {
    trainer.step(siamese::Batch<cpu::Device>{images, some.send(device), images, all.send(device)},
                 {.learning_rate = 0.1, .ema_momentum = 0.5});
  };

  const auto first = student();
  step();
  CHECK(student() != first);
  CHECK(teacher() == first);  // half of one, half of the same
  const auto second = student();
  step();
  for (std::size_t i = 0; i < first.size(); ++i)
    CHECK(teacher()[i] == doctest::Approx((first[i] + second[i]) / 2).epsilon(1e-6));
}
