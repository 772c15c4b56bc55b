// SPDX-License-Identifier: MIT
// A whole program, as a user writes it: all that follows from the mistake says nothing.
// expected: Extrema: Mask is not a mask::Policy, for want of `int keep(Grid) const` or `void fill(const mask::Request
#include "extrema/cpu/cpu.hpp"
#include "extrema/extrema.hpp"
#include "extrema/train/checkpoints.hpp"
#include "extrema/train/train.hpp"
using namespace extrema;
struct Empty {
  int keep(Grid grid) const { return grid.size() / 2; }
};
using Method = siamese::Extrema<nn::Vit<nn::VitShape{}>, Empty, loss::InfoNce>;
int main() {
  const auto images = data::IdxImages::open("images");
  cpu::Device device;
  train::Trainer<Method, optim::AdamW, cpu::Device> trainer{
      device, {.method = {.backbone = {.image = images.extent()}, .views = 2, .mask = {}}}};
  train::fit(trainer, images, {.epochs = 5, .batch = 64}, train::Progress{},
             train::Checkpoints{{.folder = "run"}});
}
