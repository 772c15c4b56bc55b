// SPDX-License-Identifier: MIT
// Weights as files that load alone: a student's or a teacher's encoder under the names and shapes
// of its PyTorch state dict, with a description of the model.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "extrema/core/parameters.hpp"
#include "extrema/device/download.hpp"
#include "extrema/device/upload.hpp"
#include "extrema/eval/encoder_description.hpp"
#include "extrema/io/load_matching.hpp"
#include "extrema/io/write_safetensors.hpp"
#include "extrema/ops/flat.hpp"

namespace extrema::train {

namespace detail {

inline constexpr std::string_view encoder_prefix = "base_encoder.";

/// "base_encoder." is left out, as in a file of an encoder alone.
inline std::string name_in_file(const std::string& name) {
  return name.starts_with(encoder_prefix) ? name.substr(encoder_prefix.size()) : name;
}

/// Whether a buffer of this size reaches to the parameter: a teacher's ends before the predictor.
inline bool holds(Index size, const ParameterEntry& entry) {
  return entry.where.offset + entry.size() <= size;
}

/// Host values into a device's buffer.
template <class Device, class T>
void overwrite(Device& device, const std::vector<T>& host, Matrix<T> values) {
  const auto uploaded = upload(device, host);
  ops::run(device, ops::Copy<T>{uploaded.view(), values});
  device.synchronise();
}

}  // namespace detail

/// `values` are host memory in the order of the layout, which may end where they do.
template <class W>
void write_weights(const std::string& path, const Layout& layout, Matrix<const W> values,
                   const eval::EncoderDescription& description) {
  std::vector<io::TensorSource> tensors;
  for (const ParameterEntry& entry : layout.entries())
    if (detail::holds(values.size(), entry))
      tensors.push_back(io::source(detail::name_in_file(entry.name), entry.shape,
                                   values.data + entry.where.offset));
  io::write_safetensors(path, tensors, {{"extrema_encoder", description.json().dump()}});
}

/// Student and teacher begin with the encoder of a student.safetensors or teacher.safetensors; with
/// its projector and predictor too, where it has them and they fit. Throws Error where the encoder
/// does not fit this model.
template <class Trainer>
void load_weights(Trainer& trainer, const std::string& path) {
  const io::Safetensors file{path};
  for (const auto& [name, values] : trainer.buffers()) {
    if (std::string_view{name} != "student" && std::string_view{name} != "teacher") continue;
    auto host = download(trainer.device(), values);
    std::vector<io::TensorTarget> encoder, heads;
    for (const ParameterEntry& entry : trainer.layout().entries()) {
      if (!detail::holds(std::ssize(host), entry)) continue;
      const std::string known = detail::name_in_file(entry.name);
      const bool head = known.starts_with("head.") || known.starts_with("predictor.");
      (head ? heads : encoder)
          .push_back(io::target(known, entry.shape, host.data() + entry.where.offset));
    }
    io::load_matching(file, encoder, io::Matching::targets);
    io::load_matching(file, heads, io::Matching::any);
    detail::overwrite(trainer.device(), host, values);
  }
  trainer.restore(trainer.count());
}

}  // namespace extrema::train
