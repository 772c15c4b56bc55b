// SPDX-License-Identifier: MIT
#include "on_cuda.cuh"
#include "program.hpp"

int pretrain::pretrain_cuda_fp32(CommandLine& line, const extrema::data::AnyDataset& images) {
  return Program<OnCuda<extrema::fp32>>{line, images}.run();
}
void pretrain::require_cuda() { extrema::cuda::require_card(); }
