// SPDX-License-Identifier: MIT
// expected: Extrema: Loss is not a loss::ComparesFeatures of this device: it must be callable as loss(device, prediction, targets, weight, value, grad)
#include "extrema/cpu/cpu.hpp"
#include "extrema/mask/disjoint.hpp"
#include "extrema/siamese/extrema.hpp"
using namespace extrema;
struct Forgetful {  // no gradient
  template <class Device>
  void operator()(Device&, WideInput<Device>, const loss::Targets<Device>&, double*) const {}
};
using Method = siamese::Extrema<nn::Vit<nn::VitShape{}>, mask::Disjoint, Forgetful>;
void step(const Method& method, cpu::Device& device, Trainable<cpu::Device> student,
          Weights<cpu::Device> teacher, siamese::Batch<cpu::Device> batch, double* loss) {
  method.differentiate(device, student, teacher, batch, loss);
}
