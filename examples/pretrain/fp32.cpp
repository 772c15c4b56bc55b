// SPDX-License-Identifier: MIT
#include "program.hpp"

int pretrain::pretrain_fp32(CommandLine& line, const extrema::data::AnyDataset& images) {
  return Program<extrema::fp32>{line, images}.run();
}
