// SPDX-License-Identifier: MIT
// In place of cuda_*.cu, in a program that computes on the CPU alone.
#include "extrema/core/error.hpp"
#include "pretrain.hpp"

namespace pretrain {

void require_cuda() {
  throw extrema::Error{
      "--device cuda: this program was built without CUDA (docs/cuda.md says how to build it)"};
}

// (Never reached: require_cuda comes first.)
int pretrain_cuda_fp32(CommandLine&, const extrema::data::AnyDataset&) { return 2; }
int pretrain_cuda_bf16(CommandLine&, const extrema::data::AnyDataset&) { return 2; }
int pretrain_cuda_fp16(CommandLine&, const extrema::data::AnyDataset&) { return 2; }
int pretrain_cuda_tf32(CommandLine&, const extrema::data::AnyDataset&) { return 2; }

}  // namespace pretrain
