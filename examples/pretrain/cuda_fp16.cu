// SPDX-License-Identifier: MIT
#include "on_cuda.cuh"
#include "program.hpp"

int pretrain::pretrain_cuda_fp16(CommandLine& line, const extrema::data::AnyDataset& images) {
  return Program<OnCuda<extrema::fp16>>{line, images}.run();
}
