// SPDX-License-Identifier: MIT
#include "program.hpp"

int pretrain::pretrain_bf16(CommandLine& line, const extrema::data::AnyDataset& images) {
  return Program<extrema::bf16>{line, images}.run();
}
