// SPDX-License-Identifier: MIT
// expected: Trainer: Optimizer is not an optim::Optimizer of this device, for want of a State
#include "extrema/cpu/cpu.hpp"
#include "extrema/mask/disjoint.hpp"
#include "extrema/train/trainer.hpp"
using namespace extrema;
struct Still {
  template <class Device>
  struct State {
    State(Device&, const Still&, const Layout&) {}
    std::array<StateBuffer<Device>, 0> buffers() const { return {}; }
  };
};
using Method = siamese::Extrema<nn::Vit<nn::VitShape{}>, mask::Disjoint>;
using Trainer = train::Trainer<Method, Still, cpu::Device>;
void make(cpu::Device& device) { Trainer trainer{device, Trainer::Options{}}; }
