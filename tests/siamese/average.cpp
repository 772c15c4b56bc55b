// SPDX-License-Identifier: MIT
// The teacher's average does not drift where nothing changes, as the two-product form does.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "extrema/cpu/flat.hpp"
#include "extrema/cpu/gemm.hpp"
#include "extrema/nn/initialise.hpp"
#include "extrema/nn/patch_embed.hpp"
#include "extrema/optim/schedule.hpp"

using namespace extrema;

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
