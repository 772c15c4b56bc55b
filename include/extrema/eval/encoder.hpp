// SPDX-License-Identifier: MIT
// A trained encoder out of a file, ready to turn images into features.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "extrema/device/values.hpp"
#include "extrema/eval/encode.hpp"
#include "extrema/eval/encoder_description.hpp"
#include "extrema/io/load_matching.hpp"

namespace extrema::eval {

/// The model's shape, image size and normalisation are the file's.
template <Backend Device>
class Encoder {
  using W = Wide<Device>;

 public:
  /// Opens a student.safetensors or teacher.safetensors that training has written. Throws Error
  /// where it is damaged, is not an encoder, or does not hold all that its own description asks
  /// for.
  Encoder(Device& device, const std::string& path) : Encoder{device, io::Safetensors{path}} {}

  const EncoderDescription& description() const { return description_; }
  const nn::Vit<nn::dynamic>& backbone() const { return backbone_; }
  Weights<Device> weights() const { return values_.weights(); }

  /// Features (N, D) of every image.
  template <data::Dataset Dataset>
  Features encode(const Dataset& images, const EncodeOptions& options = {}) const {
    return eval::encode(device_, backbone_, weights(), description_.normalisation, images, options);
  }

 private:
  Encoder(Device& device, const io::Safetensors& file)
      : device_{device},
        description_{describe(file)},
        backbone_{Path{layout_},
                  {.image = description_.image,
                   .shape = description_.shape,
                   .layer_scale = description_.layer_scale}},
        values_{upload(device, read(file))} {
    values_.refresh(device);
  }

  static EncoderDescription describe(const io::Safetensors& file) {
    const auto found = file.metadata().find("extrema_encoder");
    if (found == file.metadata().end())
      throw Error{file.path(),
                  ": its metadata lacks \"extrema_encoder\": expected a "
                  "student.safetensors or teacher.safetensors written by extrema"};
    return EncoderDescription::from(nlohmann::json::parse(found->second, nullptr, false),
                                    file.path());
  }

  /// The file's heads are left alone.
  std::vector<W> read(const io::Safetensors& file) const {
    std::vector<W> values(static_cast<std::size_t>(layout_.size()));
    std::vector<io::TensorTarget> targets;
    for (const ParameterEntry& entry : layout_.entries())
      targets.push_back(io::target(entry.name, entry.shape, values.data() + entry.where.offset));
    io::load_matching(file, targets, io::Matching::targets);
    return values;
  }

  Device& device_;
  EncoderDescription description_;
  Layout layout_;
  nn::Vit<nn::dynamic> backbone_;
  Values<Device> values_;
};

}  // namespace extrema::eval
