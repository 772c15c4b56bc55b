// SPDX-License-Identifier: MIT
// The program behind its command line. A unit for each precision, as each compiles a while.
#pragma once

#include "command_line.hpp"
#include "extrema/data/any_dataset.hpp"

namespace pretrain {

/// Returns the exit code: 0, or 128 + the signal that stopped the run. Throws Error.
using Run = int(CommandLine&, const extrema::data::AnyDataset&);

Run pretrain_fp32, pretrain_bf16, pretrain_bf16_stream;

/// On a GPU, or without_cuda.cpp in a program that was built without. require_cuda() throws Error
/// where there is no GPU.
void require_cuda();
Run pretrain_cuda_bf16, pretrain_cuda_fp32, pretrain_cuda_tf32, pretrain_cuda_fp16;

}  // namespace pretrain
