// SPDX-License-Identifier: MIT
// A run's state in one file that is either whole or refused: a safetensors file whose metadata
// holds a format version, the state that is not tensors (JSON), and a checksum of everything.
#pragma once

#include <charconv>
#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "extrema/io/load_matching.hpp"
#include "extrema/io/write_safetensors.hpp"

namespace extrema::io {

inline constexpr int checkpoint_version = 1;

/// Replaces the checkpoint at `path`; while it is written, and if that fails, the old one stays.
inline void write_checkpoint(const std::string& path, std::span<const TensorSource> tensors,
                             const nlohmann::json& state) {
  write_safetensors(
      path, tensors,
      {{"extrema_checkpoint", std::to_string(checkpoint_version)}, {"state", state.dump()}});
}

/// An open checkpoint, every byte of which was checked.
class Checkpoint {
 public:
  explicit Checkpoint(const std::string& path) : file_{path} {
    const auto& metadata = file_.metadata();
    const auto version = metadata.find("extrema_checkpoint");
    if (version == metadata.end() || !metadata.contains("state") || !file_.has_checksum())
      throw Error{path,
                  ": is not a checkpoint of extrema (its metadata lacks extrema_checkpoint, "
                  "state or crc32c); to start from weights alone, load it as weights"};
    const std::string& digits = version->second;
    int number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (number != checkpoint_version)
      throw Error{path,
                  ": is a checkpoint of format ",
                  digits,
                  ", expected ",
                  checkpoint_version,
                  ": it was written by a newer version of extrema; update extrema to resume it"};
    state_ = nlohmann::json::parse(metadata.at("state"));
  }

  const Safetensors& file() const { return file_; }
  const nlohmann::json& state() const { return state_; }

  /// The tensor of this name, which must be of this many elements.
  template <Element T>
  void into(std::string_view name, std::span<T> to) const {
    file_.tensor(name).copy_to(to);
  }

 private:
  Safetensors file_;
  nlohmann::json state_;
};

}  // namespace extrema::io
