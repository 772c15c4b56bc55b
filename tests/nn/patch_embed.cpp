// SPDX-License-Identifier: MIT
// Gradients of the embedding of patches and of the whole encoder, by parameters and images.
#include <doctest/doctest.h>

#include "extrema/nn/recompute.hpp"
#include "extrema/nn/vit.hpp"
#include "finite_differences.hpp"

using namespace extrema;
using finite_differences::Device, finite_differences::Rows;

namespace {

/// Two channels, a grid of 2 x 3 that is not square; views that share patches and an empty one.
struct Fixture {
  ImageExtent extent{2, 4, 6};
  std::vector<std::int32_t> offsets{0, 2, 2, 5, 6, 9}, image{1, 0, 0, 1, 1},
      patch{4, 1, 0, 5, 2, 1, 3, 4, 1};
  std::vector<std::uint32_t> sample{7, 3, 3, 7, 7}, view{0, 0, 1, 1, 2};
  random::StepKey key{3, 3};

  Views views() const {
    return {{.offsets = offsets.data(),
             .count = 5,
             .tokens = 9,
             .longest = 3,
             .sample = sample.data(),
             .view = view.data()},
            image.data(),
            patch.data()};
  }
  nn::Images<Device> images(Rows x) const { return {x.data, extent, 2}; }

  void check(const Layout& layout, const auto& forward, const auto& backward) const {
    finite_differences::Check test{layout, 2, extent.size(), forward, backward};
    test.input = finite_differences::Input::added;
    test.key = &key;
    test();
  }
};

template <class Vit>
void check_vit(const typename Vit::Options& options) {
  const Fixture f;
  Layout layout;
  const Vit vit{Path{layout}, options};
  f.check(
      layout,
      [&](Device& device, const Weights<Device>& weights, Rows x) {
        return vit.forward(device, weights, f.images(x), f.views());
      },
      [&](Device& device, const Trainable<Device>& parameters, const auto& saved,
          Matrix<double> grad_y, Gradient<double> grad_x) {
        vit.backward(device, parameters, saved, grad_y, grad_x.tensor.data);
      });
}

constexpr nn::VitShape shape{
    .patch = 2, .dim = 8, .depth = 2, .heads = 2, .mlp_ratio = 2, .class_depth = 2};

}  // namespace

TEST_CASE("PatchEmbed") {
  const Fixture f;
  Layout layout;
  const nn::PatchEmbed layer{Path{layout}, {.image = f.extent, .patch = 2, .width = 8}};
  f.check(
      layout,
      [&](Device& device, const Weights<Device>& weights, Rows x) {
        return layer.forward(device, weights, f.images(x), f.views());
      },
      [&](Device& device, const Trainable<Device>& parameters, const auto& saved,
          Matrix<double> grad_y, Gradient<double> grad_x) {
        layer.backward(device, parameters, saved, reading(grad_y), grad_x.tensor.data);
      });
}

TEST_CASE("Vit, of a shape in its type and recomputed") {
  check_vit<nn::Vit<shape>>({.image = Fixture{}.extent, .drop_path = 0.5});
  check_vit<nn::Vit<shape, nn::Recompute<nn::Block>>>(
      {.image = Fixture{}.extent, .drop_path = 0.5});
}

TEST_CASE("Vit, of other shapes at run time") {
  for (const int class_depth : {1, 3}) {
    CAPTURE(class_depth);
    nn::VitShape other = shape;
    other.depth = 1;
    other.class_depth = class_depth;
    check_vit<nn::Vit<nn::dynamic>>(
        {.image = Fixture{}.extent, .shape = other, .layer_scale = class_depth == 1 ? 0. : 0.1});
  }
}

TEST_CASE("images that are not of the layer's extent, or not made of whole patches") {
  const Fixture f;
  Layout layout;
  const nn::PatchEmbed layer{Path{layout}, {.image = f.extent, .patch = 2, .width = 8}};
  Device device;
  const auto values = nn::initialise<double>(layout, 1);
  const auto pixels = finite_differences::random_numbers(2 * f.extent.size(), 1);
  CHECK_THROWS_WITH_AS(layer.forward(device, Weights<Device>{values.data(), values.data()},
                                     nn::Images<Device>{pixels.data(), {2, 6, 4}, 2}, f.views()),
                       "PatchEmbed: images of 2 x 6 x 4 for a layer of 2 x 4 x 6", Error);
  CHECK_THROWS_WITH_AS((nn::PatchEmbed{Path{layout}, {.image = {3, 30, 32}, .patch = 4}}),
                       doctest::Contains("not made of whole patches of 4 x 4"), Error);
}
