// SPDX-License-Identifier: MIT
// expected: Trainer: Loss is not a loss::ComparesFeatures of this device: it must be callable as loss(device, prediction, targets, weight, value, grad)
#include "extrema/cpu/cpu.hpp"
#include "extrema/mask/disjoint.hpp"
#include "extrema/optim/adamw.hpp"
#include "extrema/train/trainer.hpp"
using namespace extrema;
struct Forgetful {  // no gradient
  template <class Device>
  void operator()(Device&, WideInput<Device>, const loss::Targets<Device>&, double*) const {}
};
using Method = siamese::Extrema<nn::Vit<nn::VitShape{}>, mask::Disjoint, Forgetful>;
void make(cpu::Device& device, train::Trainer<Method, optim::AdamW, cpu::Device>::Options options,
          siamese::Batch<cpu::Device> batch) {
  train::Trainer<Method, optim::AdamW, cpu::Device> trainer{device, options};
  trainer.step(batch, {});
}
