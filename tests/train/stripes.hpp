// SPDX-License-Identifier: MIT
// A small run for tests of the loop: images that can be told apart, a model, a recipe.
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "extrema/cpu/cpu.hpp"
#include "extrema/cpu/gemm.hpp"
#include "extrema/loss/info_nce.hpp"
#include "extrema/mask/disjoint.hpp"
#include "extrema/optim/adamw.hpp"
#include "extrema/train/fit.hpp"
#include "extrema/train/trainer.hpp"

using namespace extrema;

/// Stripes of any width, phase and contrast, in noise: of class 0 they rise, of class 1 they fall.
class Stripes {
 public:
  Stripes(Index size, std::uint64_t seed) : size_{size}, seed_{seed} {}

  Index size() const { return size_; }
  int channels() const { return 1; }
  int label(Index i) const { return static_cast<int>(i % 2); }
  std::string name(Index i) const { return text("#", i, " of stripes"); }
  void read(Index i, data::Image& image) const {
    random::Stream random{seed_, random::Purpose::crop, 0, static_cast<std::uint32_t>(i)};
    image.resize(1, 16, 16);
    const double width = 3 + 5 * random.uniform(), phase = 7 * random.uniform(),
                 contrast = 20 + 60 * random.uniform(), mean = 90 + 70 * random.uniform();
    for (int y = 0; y < 16; ++y)
      for (int x = 0; x < 16; ++x) {
        const double across = label(i) == 0 ? x + y : x - y;
        const double wave = std::sin(2 * std::numbers::pi * across / width + phase);
        const double value = mean + contrast * wave + 90 * (random.uniform() - 0.5);
        image.pixels[static_cast<std::size_t>(16 * y + x)] =
            static_cast<std::uint8_t>(std::clamp(value, 0.0, 255.0));
      }
  }

 private:
  Index size_;
  std::uint64_t seed_;
};

using Device = cpu::Device;
using Method = siamese::Extrema<nn::Vit<nn::dynamic>, mask::Disjoint, loss::InfoNce>;
using Trainer = train::Trainer<Method, optim::AdamW, Device>;

inline Trainer trainer(Device& device) {
  return {
      device,
      {.method = {.backbone = {.image = {1, 16, 16},
                               .shape = nn::VitShape{.patch = 4, .dim = 32, .depth = 2, .heads = 2},
                               .drop_path = 0.2},
                  .hidden = 64,
                  .projection = 16,
                  .views = 2,
                  .mask = {.ratio = 0.5},
                  .loss = {.temperature = 0.2}},
       .seed = 3}};
}

/// Without flips, which would turn one class into the other.
inline train::Recipe recipe(int epochs, double rate = 4e-3) {
  return {.epochs = epochs,
          .batch = 32,
          .learning_rate = rate,
          .augmentation = {.scale = {0.5, 1}, .flip = 0},
          .loader_threads = 1};
}

inline std::vector<float> student(Trainer& from) {
  return download(from.device(), reading(from.buffers().front().values));
}

/// Ends a run after a step.
struct Stop {
  Index at;
  void step(auto& run, train::StepRecord&) const {
    if (run.step() == at) run.stop();
  }
};
