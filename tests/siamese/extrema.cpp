// SPDX-License-Identifier: MIT
// Finite differences in double through the whole method, with sequences of different lengths.
#include "extrema/siamese/extrema.hpp"

#include <doctest/doctest.h>

#include "../checked_device.hpp"
#include "extrema/loss/catalogue.hpp"
#include "extrema/mask/disjoint.hpp"
#include "extrema/nn/initialise.hpp"
#include "extrema/nn/recompute.hpp"

using namespace extrema;
using Device = CheckedDevice<fp64>;

namespace {

constexpr nn::VitShape shape{
    .patch = 2, .dim = 12, .depth = 2, .heads = 3, .mlp_ratio = 2, .class_depth = 2};

/// Two images of two views each; channels are not 3, images not square: a grid of 3 x 5.
struct Fixture {
  using Method = siamese::Extrema<nn::Vit<nn::dynamic, nn::Recompute<nn::Block>>, mask::Disjoint,
                                  loss::Shipped>;
  ImageExtent extent{2, 6, 10};
  Layout layout;
  Method method;
  std::vector<double> values, teacher, gradients, pixels;
  std::vector<std::int32_t> offsets{0, 4, 5, 11, 13}, image{0, 1, 0, 1},
      patch{3, 14, 0, 7, 9, 1, 2, 4, 5, 6, 8, 10, 13};
  std::vector<std::uint32_t> sample{7, 2, 7, 2}, view{0, 0, 1, 1};
  std::vector<std::int32_t> all_offsets{0, 15, 30}, all_image{0, 1}, all_patch;
  random::StepKey key{3, 3};  // drops some branches and keeps some
  Device device;

  explicit Fixture(loss::Shipped loss = {})
      : method{Path{layout},
               {.backbone = {.image = extent, .shape = shape, .drop_path = 0.5},
                .hidden = 7,
                .projection = 5,
                .loss = loss}},
        values{nn::initialise<double>(layout, 7)},
        teacher{nn::initialise<double>(layout, 8)},
        gradients(values.size()) {
    random::Stream random{1, random::Purpose::init, 1, 0};
    for (double& v : values) v += 0.2 * (random.uniform() - 0.5);  // no zero biases or equal gammas
    pixels.resize(static_cast<std::size_t>(2 * extent.size()));
    for (double& p : pixels) p = 2 * random.uniform() - 1;
    for (int i = 0; i < 30; ++i) all_patch.push_back(i % 15);
  }

  double differentiate() {
    std::ranges::fill(gradients, 0.);
    const nn::Images<Device> images{pixels.data(), extent, 2};
    const siamese::Batch<Device> batch{
        images,
        {{offsets.data(), 4, 13, 6, sample.data(), view.data()}, image.data(), patch.data()},
        images,
        {{all_offsets.data(), 2, 30, 15}, all_image.data(), all_patch.data()}};
    double loss = 0;
    method.differentiate(device,
                         Trainable<Device>{{values.data(), values.data(), &key}, gradients.data()},
                         Weights<Device>{teacher.data(), teacher.data()}, batch, &loss);
    return loss;
  }

  /// The slope of the loss in one parameter, exact but for the step's fourth power.
  double quotient(std::size_t at) {
    const double middle = values[at], h = 1e-4;
    const auto slope = [&](double step) {
      values[at] = middle + step;
      const double above = differentiate();
      values[at] = middle - step;
      return (above - differentiate()) / (2 * step);
    };
    const double result = (4 * slope(h) - slope(2 * h)) / 3;
    values[at] = middle;
    return result;
  }
};

void check_every_parameter(loss::Shipped loss) {
  Fixture f{loss};
  f.differentiate();
  const auto analytic = f.gradients;
  double scale = 0;
  for (double g : analytic) scale = std::max(scale, std::abs(g));
  for (const auto& entry : f.layout.entries()) {
    if (!entry.traits.trained) continue;
    CAPTURE(entry.name);
    for (Index i = 0; i < entry.size(); i += 1 + entry.size() / 12) {
      const auto at = static_cast<std::size_t>(entry.where.offset + i);
      CHECK(std::abs(f.quotient(at) - analytic[at]) < 1e-9 * std::max(1., scale));
    }
  }
}

}  // namespace

TEST_CASE("images of another extent than the layer's are refused") {
  Fixture f;
  f.extent = {2, 10, 6};  // as many patches, in other lines
  CHECK_THROWS_WITH_AS(f.differentiate(),
                       "PatchEmbed: images of 2 x 10 x 6 for a layer of 2 x 6 x 10", Error);
}

TEST_CASE("every parameter's gradient is the difference quotient") {
  SUBCASE("byol") { check_every_parameter(loss::Byol{}); }
  SUBCASE("infonce") { check_every_parameter(loss::InfoNce{.temperature = 0.3}); }
}

TEST_CASE("stochastic depth is on in the student alone") {
  Fixture f;
  const double one = f.differentiate();
  f.key.step = 4;
  CHECK(f.differentiate() != one);
  f.key.step = 3;
  CHECK(f.differentiate() == one);
}

TEST_CASE("the encoder is the beginning of the layout, so a teacher is a prefix") {
  const Fixture f;
  for (const auto& entry : f.layout.entries()) {
    CAPTURE(entry.name);
    CHECK(entry.name.starts_with("base_encoder.") ==
          (entry.where.offset < f.method.encoder_size()));
  }
}
