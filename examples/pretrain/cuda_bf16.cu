// SPDX-License-Identifier: MIT
#include "on_cuda.cuh"
#include "program.hpp"

int pretrain::pretrain_cuda_bf16(CommandLine& line, const extrema::data::AnyDataset& images) {
  return Program<OnCuda<extrema::bf16>>{line, images}.run();
}
