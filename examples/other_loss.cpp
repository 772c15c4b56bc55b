// SPDX-License-Identifier: MIT
// The same with another loss, one's own: agree with the teacher, and be unlike other images.
#include <cstdio>
#include <extrema/cpu/cpu.hpp>
#include <extrema/extrema.hpp>
#include <extrema/train/train.hpp>

using namespace extrema;

struct AgreeAndDiffer {
  void operator()(auto& device, auto prediction, const auto& targets, double weight, double* value,
                  auto grad) const {
    const Scope scope{device.workspace()};
    const auto differ = take_wide(device, grad.rows, grad.cols);
    loss::Byol{}(device, prediction, targets, weight / 2, value, grad);
    loss::InfoNce{.temperature = 0.2}(device, prediction, targets, weight / 2, value, differ);
    ops::run(device, ops::Add{reading(differ), grad});
  }
};

constexpr nn::VitShape shape{.patch = 7, .dim = 96, .depth = 3, .heads = 3};
using Method = siamese::Extrema<nn::Vit<shape>, mask::Disjoint, AgreeAndDiffer>;

int main(int, char** arguments) try {
  const char* folder = arguments[1] ? arguments[1] : "/usr/share/datasets/fashion-mnist";
  const auto images = data::IdxImages::open(folder);
  const auto test = data::IdxImages::open(folder, {.split = data::Split::test});
  const data::Subset bank{images, 10000}, queries{test, 2000};
  cpu::Device device;
  train::Trainer<Method, optim::AdamW, cpu::Device> trainer{
      device, {.method = {.backbone = {.image = {1, 28, 28}}, .hidden = 256, .views = 4}}};
  const train::KnnProbe probe{bank, queries};
  std::printf("k-NN accuracy before: %.1f %%\n", 100 * probe.accuracy(trainer));
  train::fit(trainer, images, {.epochs = 2, .learning_rate = 3e-3}, train::Progress{});
  std::printf("k-NN accuracy after:  %.1f %%\n", 100 * probe.accuracy(trainer));
} catch (const Error& error) {
  return std::fprintf(stderr, "%s\n", error.what()), 2;
}
