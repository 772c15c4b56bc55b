// SPDX-License-Identifier: MIT
#include "cases.hpp"
#include "droppath.hpp"
#include "extrema/cuda/cuda.cuh"
#include "losses.hpp"
#include "step.hpp"
#include "vit_forward.hpp"

namespace parity::on_cuda {

void require() { extrema::cuda::require_card(); }

void droppath(Report& report) {
  extrema::cuda::Device device;
  of_droppath::compare(device, report);
}
void losses(Report& report) {
  extrema::cuda::Device device;
  of_losses::compare(device, report);
}
void step(Report& report) {
  extrema::cuda::Device device;
  of_step::compare(device, report);
}
void vit_forward(Report& report) {
  extrema::cuda::Device device;
  of_vit_forward::compare(device, report);
}

}  // namespace parity::on_cuda
