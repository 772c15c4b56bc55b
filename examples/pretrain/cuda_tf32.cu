// SPDX-License-Identifier: MIT
#include "on_cuda.cuh"
#include "program.hpp"

int pretrain::pretrain_cuda_tf32(CommandLine& line, const extrema::data::AnyDataset& images) {
  return Program<OnCuda<extrema::fp32, extrema::cuda::Fp32::tf32>>{line, images}.run();
}
