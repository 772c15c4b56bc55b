// SPDX-License-Identifier: MIT
// The same with a masking policy of one's own: every other patch; the views take turns.
#include <cstdio>
#include <extrema/extrema.hpp>
#include <extrema/on_cpu.hpp>  // on_cuda.cuh: on an NVIDIA GPU
#include <extrema/train/train.hpp>

using namespace extrema;

struct EveryOther {
  int keep(Grid grid) const { return grid.size() / 2; }

  void fill(const mask::Request&, const mask::Picks& picks) const {
    for (int view = 0; view < picks.views(); ++view)
      for (int i = 0; i < picks.keep(); ++i) picks.at(view, i) = 2 * i + view % 2;
  }
};

constexpr nn::VitShape shape{.patch = 4, .dim = 96, .depth = 3, .heads = 3};
using Method = siamese::Extrema<nn::Vit<shape>, EveryOther, loss::InfoNce>;

int main(int, char** arguments) try {
  const char* folder = arguments[1] ? arguments[1] : "/usr/share/datasets/fashion-mnist";
  const auto images = data::IdxImages::open(folder);
  const auto test = data::IdxImages::open(folder, {.split = data::Split::test});
  const data::Subset bank{images, 10000}, queries{test, 2000};
  Device device;
  train::Trainer<Method, optim::AdamW, Device> trainer{
      device,
      {.method = {.backbone = {.image = {1, 28, 28}}, .hidden = 256, .views = 2, .loss = {0.1}}}};
  train::Recipe recipe{.epochs = 1, .batch = 64, .learning_rate = 4e-3, .ema_momentum = 0.95};
  recipe.normalisation = data::statistics(images);
  const train::KnnProbe probe{bank, queries, {.branch = Branch::student}};
  std::printf("k-NN accuracy before: %.1f %%\n", 100 * probe.accuracy(trainer, recipe));
  train::fit(trainer, images, recipe, train::Progress{});
  std::printf("k-NN accuracy after:  %.1f %%\n", 100 * probe.accuracy(trainer, recipe));
} catch (const std::exception& error) {
  return std::fprintf(stderr, "%s\n", error.what()), 2;
}
