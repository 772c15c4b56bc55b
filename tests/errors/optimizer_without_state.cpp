// SPDX-License-Identifier: MIT
// expected: Trainer: Optimizer is not an optim::Optimizer of this device, for want of a State
#include "extrema/cpu/cpu.hpp"
#include "extrema/mask/disjoint.hpp"
#include "extrema/train/trainer.hpp"
using namespace extrema;
struct Stateless {
  double rate = 0.1;
};
using Method = siamese::Extrema<nn::Vit<nn::VitShape{}>, mask::Disjoint>;
using Trainer = train::Trainer<Method, Stateless, cpu::Device>;
void make(cpu::Device& device, Method::Options options) {
  Trainer trainer{device, Trainer::Options{}};
}
