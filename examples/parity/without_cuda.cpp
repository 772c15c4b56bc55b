// SPDX-License-Identifier: MIT
// In place of on_cuda.cu, in a program that computes on the CPU alone.
#include "cases.hpp"
#include "extrema/core/error.hpp"

namespace parity::on_cuda {

void require() {
  throw extrema::Error{
      "--device cuda: this program was built without CUDA (docs/cuda.md says how to build it)"};
}
void droppath(Report&) { require(); }
void losses(Report&) { require(); }
void step(Report&) { require(); }
void vit_forward(Report&) { require(); }

}  // namespace parity::on_cuda
