// SPDX-License-Identifier: MIT
// The map of class attention: probabilities that agree with the operation's own, for large scores
// too.
#include "extrema/eval/class_attention_map.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "../io/temporary_folder.hpp"
#include "extrema/cpu/cpu.hpp"
#include "extrema/cpu/gemm.hpp"
#include "extrema/nn/initialise.hpp"
#include "extrema/nn/vit.hpp"
#include "extrema/siamese/packed_views.hpp"

using namespace extrema;

namespace {

using Device = cpu::Device;

struct Model {
  Layout layout;
  nn::Vit<nn::dynamic> vit;
  std::vector<float> values;

  explicit Model(int class_depth)
      : vit{Path{layout},
            {.image = {1, 16, 16},
             .shape =
                 nn::VitShape{
                     .patch = 4, .dim = 16, .depth = 1, .heads = 2, .class_depth = class_depth}}},
        values{nn::initialise<float>(layout, 1)} {}

  void scale_queries(float factor) {
    for (const ParameterEntry& entry : layout.entries())
      if (entry.name.find("attn.q.weight") != std::string::npos)
        for (Index i = 0; i < entry.size(); ++i)
          values[static_cast<std::size_t>(entry.where.offset + i)] *= factor;
  }
  Weights<Device> weights() const { return {values.data(), values.data()}; }
};

/// Of two images, by the model and by the log-sum-exp that the operation left for its backward.
void compare(const Model& model) {
  constexpr Index images = 2, patches = 16, heads = 2, d = 8;
  std::vector<float> pixels(images * 16 * 16);
  random::Stream random{1, random::Purpose::crop, 0, 0};
  for (float& pixel : pixels) pixel = static_cast<float>(4 * random.uniform() - 2);
  const nn::Images<Device> input{pixels.data(), {1, 16, 16}, images};
  const std::vector<std::uint32_t> samples{0, 1};
  Device device;
  siamese::PackedViews<Device> packed;
  packed.fill_all({4, 4}, samples);
  const Views views = packed.send(device);
  const auto map = eval::class_attention_map(device, model.vit, model.weights(), input, views);
  REQUIRE(map.size() == images * patches);

  const Scope scope{device.workspace()};
  const auto saved = model.vit.forward(device, model.weights(), input, views).saved;
  const auto& last = saved.class_blocks.back().attn;
  for (Index s = 0; s < images; ++s) {
    double sum = 0;
    for (Index j = 0; j < patches; ++j) {
      double expected = 0;
      for (Index h = 0; h < heads; ++h) {
        double product = 0;
        for (Index i = h * d; i < (h + 1) * d; ++i)
          product += static_cast<double>(last.query.row(s)[i]) *
                     static_cast<double>(last.key.row(images + s * patches + j)[i]);
        expected += std::exp(product / std::sqrt(static_cast<double>(d)) -
                             static_cast<double>(last.normaliser.row(s)[h])) /
                    static_cast<double>(heads);
      }
      const double found = static_cast<double>(map[static_cast<std::size_t>(s * patches + j)]);
      REQUIRE(std::isfinite(found));
      CHECK(std::abs(found - expected) < 1e-5 * std::max(1.0, expected));
      sum += found;
    }
    CHECK(sum > 0);
    CHECK(sum < 1 + 1e-6);  // the rest is the class token's attention to itself
  }
}

}  // namespace

TEST_CASE("rows are the operation's probabilities") { compare(Model{1}); }

TEST_CASE("scores whose exponential is no number") {
  Model model{2};
  model.scale_queries(3e4f);
  Device device;
  std::vector<float> pixels(256, 1);
  const std::vector<std::uint32_t> sample{0};
  siamese::PackedViews<Device> packed;
  packed.fill_all({4, 4}, sample);
  const auto map = eval::class_attention_map(device, model.vit, model.weights(),
                                             nn::Images<Device>{pixels.data(), {1, 16, 16}, 1},
                                             packed.send(device));
  double sum = 0;
  for (const float value : map) sum += static_cast<double>(value);
  CHECK(sum >= 0);
  CHECK(sum < 1 + 1e-6);
}

TEST_CASE("a model without class attention has no map") {
  const Model model{0};
  Device device;
  std::vector<float> pixels(256);
  const std::vector<std::uint32_t> sample{0};
  siamese::PackedViews<Device> packed;
  packed.fill_all({4, 4}, sample);
  CHECK(message([&] {
          eval::class_attention_map(device, model.vit, model.weights(),
                                    nn::Images<Device>{pixels.data(), {1, 16, 16}, 1},
                                    packed.send(device));
        }) == "class_attention_map: the model has no class-attention blocks");
}
