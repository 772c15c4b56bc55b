// SPDX-License-Identifier: MIT
// What a file of weights says of its encoder, as JSON: enough to build it again.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "extrema/core/error.hpp"
#include "extrema/core/grid.hpp"
#include "extrema/data/normalisation.hpp"
#include "extrema/nn/vit.hpp"

namespace extrema::eval {

/// All that is needed to build an encoder again, and to show it images as it was shown them.
struct EncoderDescription {
  nn::VitShape shape;
  ImageExtent image;
  double layer_scale = 0.1;
  data::Normalisation normalisation;

  nlohmann::json json() const {
    return {{"patch", shape.patch},         {"dim", shape.dim},
            {"depth", shape.depth},         {"heads", shape.heads},
            {"mlp_ratio", shape.mlp_ratio}, {"class_depth", shape.class_depth},
            {"channels", image.channels},   {"height", image.height},
            {"width", image.width},         {"layer_scale", layer_scale},
            {"mean", normalisation.mean},   {"deviation", normalisation.deviation}};
  }

  /// Throws Error naming the file and the entry that is missing or of another type.
  static EncoderDescription from(const nlohmann::json& json, const std::string& file) {
    EncoderDescription d;
    const auto read = [&](const char* name, auto& value) {
      try {
        json.at(name).get_to(value);
      } catch (const nlohmann::json::exception&) {
        throw Error{file, ": its description of the encoder lacks a valid \"", name,
                    "\": it was not written by extrema, or by another version"};
      }
    };
    read("patch", d.shape.patch);
    read("dim", d.shape.dim);
    read("depth", d.shape.depth);
    read("heads", d.shape.heads);
    read("mlp_ratio", d.shape.mlp_ratio);
    read("class_depth", d.shape.class_depth);
    read("channels", d.image.channels);
    read("height", d.image.height);
    read("width", d.image.width);
    read("layer_scale", d.layer_scale);
    read("mean", d.normalisation.mean);
    read("deviation", d.normalisation.deviation);
    return d;
  }
};

}  // namespace extrema::eval
