// SPDX-License-Identifier: MIT
// Weights as files that load alone: a student's or a teacher's encoder under the names and shapes
// of its PyTorch state dict, with a description of the model.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "extrema/core/parameters.hpp"
#include "extrema/eval/encoder_description.hpp"
#include "extrema/io/write_safetensors.hpp"

namespace extrema::train {

/// `values` in the order of the layout, which may end where they do (a teacher has no predictor).
/// The prefix "base_encoder." is left out, as in a file of an encoder alone.
template <class W>
void write_weights(const std::string& path, const Layout& layout, const std::vector<W>& values,
                   const eval::EncoderDescription& description) {
  constexpr std::string_view prefix = "base_encoder.";
  std::vector<io::TensorSource> tensors;
  for (const ParameterEntry& entry : layout.entries()) {
    if (entry.where.offset + entry.size() > std::ssize(values)) break;
    const bool encoder = entry.name.starts_with(prefix);
    tensors.push_back(io::source(encoder ? entry.name.substr(prefix.size()) : entry.name,
                                 entry.shape, values.data() + entry.where.offset));
  }
  io::write_safetensors(path, tensors, {{"extrema_encoder", description.json().dump()}});
}

}  // namespace extrema::train
