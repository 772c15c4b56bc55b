// SPDX-License-Identifier: MIT
// The encoder against the official code's: a shape in the type, one at run time, recomputed blocks.
#include <doctest/doctest.h>

#include "../reference.hpp"
#include "extrema/cpu/cpu.hpp"
#include "extrema/cpu/gemm.hpp"
#include "extrema/nn/presets.hpp"
#include "extrema/nn/recompute.hpp"
#include "extrema/siamese/packed_views.hpp"

using namespace extrema;

namespace {

using Device = cpu::Device;

constexpr nn::VitShape tiny{.patch = 8, .dim = 48, .depth = 3, .heads = 3};
const std::vector<std::uint32_t> samples{0, 1, 2};

template <class Vit>
void check_vit(Device& device, const Vit& vit, const Layout& layout, const Reference& reference,
               const std::string& tag, const Views& views) {
  std::vector<float> values = stored(layout, reference, "param/"), gradients(values.size());
  const auto& x = reference["input/x"];
  std::vector<float> grad_pixels(x.size());

  const nn::Images<Device> images{x.data(), {3, 32, 32}, 3};
  const Trainable<Device> parameters{{values.data(), values.data()}, gradients.data()};
  const Scope scope{device.workspace()};
  const auto [feature, saved] = vit.forward(device, parameters, images, views);
  CHECK(relative_difference(feature.data, reference["out/" + tag + "/feature"]) < 3e-6);
  const auto inferred = vit.infer(device, parameters, images, views);
  CHECK(std::equal(inferred.data, inferred.data + inferred.size(), feature.data));

  const auto grad = take(device, feature.rows, feature.cols);
  std::ranges::copy(reference["input/w_" + tag], grad.data);
  vit.backward(device, parameters, saved, grad, grad_pixels.data());
  CHECK(relative_difference(grad_pixels.data(), reference["grad/" + tag + "/input.x"]) < 1e-5);
  for (const auto& entry : layout.entries()) {
    if (!entry.traits.trained || is_key_bias(entry.name)) continue;
    CAPTURE(entry.name);
    CHECK(relative_difference(gradients.data() + entry.where.offset,
                              reference["grad/" + tag + "/" + entry.name]) < 1e-5);
  }
}

template <class Vit>
void check_vit_twice(typename Vit::Options options) {
  const Reference reference{"vit_forward"};
  Layout layout;
  const Vit vit{Path{layout}, options};
  Device device;
  siamese::PackedViews<Device> all, masked;
  all.fill_all({4, 4}, samples);
  check_vit(device, vit, layout, reference, "nomask", all.send(device));
  masked.resize(samples, 2, 5);
  for (int v = 0; v < 2; ++v)
    std::ranges::copy(reference.integers.at("mask/" + std::to_string(v)),
                      masked.patches() + v * 3 * 5);
  check_vit(device, vit, layout, reference, "mask", masked.send(device));
}

}  // namespace

TEST_CASE("forward and backward, fixed shape") {
  check_vit_twice<nn::Vit<tiny>>({.image = {3, 32, 32}});
}

TEST_CASE("forward and backward, dynamic shape") {
  check_vit_twice<nn::Vit<nn::dynamic>>({.image = {3, 32, 32}, .shape = tiny});
}

TEST_CASE("forward and backward, recomputed blocks") {
  check_vit_twice<nn::Vit<tiny, nn::Recompute<nn::Block>>>({.image = {3, 32, 32}});
}

TEST_CASE("views that show nothing are no fault") {
  Layout layout;
  const nn::Vit<tiny> vit{Path{layout}, {.image = {3, 32, 32}}};
  std::vector<float> values(static_cast<std::size_t>(layout.size()), 0.5f),
      gradients(values.size()), pixels(3 * 3 * 32 * 32);
  Device device;
  siamese::PackedViews<Device> none;
  none.resize(samples, 2, 0);
  const nn::Images<Device> images{pixels.data(), {3, 32, 32}, 3};
  const Trainable<Device> parameters{{values.data(), values.data()}, gradients.data()};
  const Scope scope{device.workspace()};
  const auto [feature, saved] = vit.forward(device, parameters, images, none.send(device));
  CHECK(feature.rows == 6);
  CHECK(std::all_of(feature.data, feature.data + feature.size(),
                    [](float x) { return std::isfinite(x); }));
  CHECK_NOTHROW(vit.backward(device, parameters, saved, reading(feature)));
}

TEST_CASE("names and shapes are those of the PyTorch state dict") {
  Layout layout;
  const nn::Vit<tiny> vit{Path{layout}, {.image = {3, 32, 32}}};
  const Reference reference{"vit_forward"};
  std::size_t count = 0;
  for (const auto& [name, values] : reference.floats) count += name.starts_with("param/");
  CHECK(layout.entries().size() == count);
  for (const auto& entry : layout.entries()) {
    CAPTURE(entry.name);
    const auto& shape = reference.shapes.at("param/" + entry.name);
    CHECK(std::ranges::equal(entry.shape, shape));
  }
}

TEST_CASE("presets have the usual numbers of parameters") {
  // Blocks, patch embedding and final norm as in timm's models of these names; class-attention
  // blocks and the table of positions are left out.
  const auto millions = [](nn::VitShape shape) {
    Layout layout;
    shape.class_depth = 0;
    const nn::Vit<nn::dynamic> vit{Path{layout}, {.image = {3, 224, 224}, .shape = shape}};
    Index size = 0;
    for (const auto& entry : layout.entries())
      if (entry.traits.trained) size += entry.size();
    return static_cast<double>(size) / 1e6;
  };
  CHECK(millions(nn::preset("vit_tiny")) == doctest::Approx(5.49).epsilon(0.002));
  CHECK(millions(nn::preset("vit_small")) == doctest::Approx(21.59).epsilon(0.002));
  CHECK(millions(nn::preset("vit_base")) == doctest::Approx(85.65).epsilon(0.002));
  CHECK(millions(nn::preset("vit_large")) == doctest::Approx(303.1).epsilon(0.002));
  CHECK(nn::preset("vit_base") == nn::vit_base);
  CHECK_THROWS_WITH_AS(nn::preset("vit_giant"),
                       doctest::Contains("`vit_giant`: choose one of vit_tiny, vit_small, vit_base,"
                                         " vit_large"),
                       Error);
}

TEST_CASE("shapes that cannot be are refused") {
  Layout layout;
  const auto make = [&](nn::VitShape shape) {
    return nn::Vit<nn::dynamic>{Path{layout}, {.image = {3, 32, 32}, .shape = shape}};
  };
  CHECK_THROWS_WITH_AS(make({.patch = 8, .dim = 100, .heads = 3}),
                       doctest::Contains("heads must divide dim"), Error);
  CHECK_THROWS_WITH_AS(make({.patch = 8, .dim = 42, .heads = 3}),
                       doctest::Contains("divisible by 4"), Error);
  CHECK_THROWS_WITH_AS(make({.patch = 5, .dim = 48, .heads = 3}),
                       doctest::Contains("whole patches"), Error);
  CHECK_THROWS_WITH_AS(make(nn::dynamic), doctest::Contains("depth and class_depth of 0 or more"),
                       Error);
  CHECK_THROWS_WITH_AS(make({.patch = 8, .dim = 48, .heads = 3, .mlp_ratio = 0}),
                       doctest::Contains("mlp_ratio of 1 or more"), Error);
}
