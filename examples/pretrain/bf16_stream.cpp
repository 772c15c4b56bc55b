// SPDX-License-Identifier: MIT
#include "on_cpu.hpp"
#include "program.hpp"

int pretrain::pretrain_bf16_stream(CommandLine& line, const extrema::data::AnyDataset& images) {
  return Program<OnCpu<extrema::bf16_stream>>{line, images}.run();
}
