// SPDX-License-Identifier: MIT
#include "on_cpu.hpp"
#include "program.hpp"

int pretrain::pretrain_bf16(CommandLine& line, const extrema::data::AnyDataset& images) {
  return Program<OnCpu<extrema::bf16>>{line, images}.run();
}
