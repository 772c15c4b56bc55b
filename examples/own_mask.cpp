// SPDX-License-Identifier: MIT
// The same with a masking policy of one's own: every other patch, as on a board.
#include <cstdio>
#include <extrema/cpu/cpu.hpp>
#include <extrema/extrema.hpp>
#include <extrema/train/train.hpp>

using namespace extrema;

struct Checkerboard {
  int keep(Grid grid) const { return grid.size() / 2; }

  void fill(const mask::Request& request, const mask::Picks& picks) const {
    const int width = request.grid.width;
    for (int view = 0; view < picks.views(); ++view)
      for (int patch = 0, i = 0; i < picks.keep(); ++patch)
        if ((patch / width + patch % width + view) % 2 == 0) picks.at(view, i++) = patch;
  }
};

constexpr nn::VitShape shape{.patch = 7, .dim = 96, .depth = 3, .heads = 3};
using Method = siamese::Extrema<nn::Vit<shape>, Checkerboard, loss::InfoNce>;

int main(int, char** arguments) try {
  const char* folder = arguments[1] ? arguments[1] : "/usr/share/datasets/fashion-mnist";
  const auto images = data::IdxImages::open(folder);
  const auto test = data::IdxImages::open(folder, {.split = data::Split::test});
  const data::Subset bank{images, 10000}, queries{test, 2000};
  cpu::Device device;
  train::Trainer<Method, optim::AdamW, cpu::Device> trainer{
      device, {.method = {.backbone = {.image = {1, 28, 28}}, .hidden = 256, .views = 2}}};
  const train::KnnProbe probe{bank, queries};
  std::printf("k-NN accuracy before: %.1f %%\n", 100 * probe.accuracy(trainer));
  train::fit(trainer, images, {.epochs = 2, .learning_rate = 3e-3}, train::Progress{});
  std::printf("k-NN accuracy after:  %.1f %%\n", 100 * probe.accuracy(trainer));
} catch (const Error& error) {
  return std::fprintf(stderr, "%s\n", error.what()), 2;
}
