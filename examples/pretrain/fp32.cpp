// SPDX-License-Identifier: MIT
#include "on_cpu.hpp"
#include "program.hpp"

int pretrain::pretrain_fp32(CommandLine& line, const extrema::data::AnyDataset& images) {
  return Program<OnCpu<extrema::fp32>>{line, images}.run();
}
