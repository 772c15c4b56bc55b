// SPDX-License-Identifier: MIT
// expected: fit: a callback has a member of a phase's name that cannot be called
#include "extrema/cpu/cpu.hpp"
#include "extrema/data/idx_images.hpp"
#include "extrema/mask/disjoint.hpp"
#include "extrema/optim/adamw.hpp"
#include "extrema/train/fit.hpp"
#include "extrema/train/trainer.hpp"
using namespace extrema;
using Method = siamese::Extrema<nn::Vit<nn::VitShape{}>, mask::Disjoint>;
struct Watcher {
  void begin(auto&) {}
  void epoch(train::StepRecord&) {}  // lacks the run
};
void train(train::Trainer<Method, optim::AdamW, cpu::Device>& trainer,
           const data::IdxImages& images) {
  train::fit(trainer, images, {}, Watcher{});
}
