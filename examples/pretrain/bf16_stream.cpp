// SPDX-License-Identifier: MIT
#include "program.hpp"

int pretrain::pretrain_bf16_stream(CommandLine& line, const extrema::data::AnyDataset& images) {
  return Program<extrema::bf16_stream>{line, images}.run();
}
