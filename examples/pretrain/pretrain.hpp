// SPDX-License-Identifier: MIT
// The program behind its command line. A unit for each precision, as each compiles a while.
#pragma once

#include "command_line.hpp"
#include "extrema/data/any_dataset.hpp"

namespace pretrain {

/// The exit code: 0, or 128 + the signal that stopped the run. Throws Error.
int pretrain_fp32(CommandLine&, const extrema::data::AnyDataset&);
int pretrain_bf16(CommandLine&, const extrema::data::AnyDataset&);
int pretrain_bf16_stream(CommandLine&, const extrema::data::AnyDataset&);

/// On a GPU, where this program was built for one (EXTREMA_HAS_CUDA).
int pretrain_cuda_fp32(CommandLine&, const extrema::data::AnyDataset&);
int pretrain_cuda_bf16(CommandLine&, const extrema::data::AnyDataset&);

}  // namespace pretrain
