// SPDX-License-Identifier: MIT
// The encoder with and without masks: every intermediate, and all gradients.
#pragma once

#include "encoder.hpp"

namespace parity::of_vit_forward {

/// The convolution's output, without positions: the layer with a table of zeros.
template <class Device>
void compare_patch_embedding(Device& device, Report& report, const Encoder<Device>& encoder,
                             const std::string& name, const Views& views) {
  Layout layout;
  const nn::PatchEmbed layer{
      Path{layout}, {encoder.input().extent(), encoder.vit().shape().patch, encoder.vit().dim()}};
  Values<Device> values{upload(
      device, stored_values<Wide<Device>>(report.reference, layout, [](const std::string& entry) {
        return entry == "pos_embed" ? "" : "param/" + entry;
      }))};
  values.refresh(device);
  const Scope scope{device.workspace()};
  const auto output =
      layer.forward(device, values.weights(), encoder.input().images(), views).output;
  report.of_largest(tolerance::outputs, name, download(device, output));
}

/// What the layers have saved for backward: each one's input is the output of the one before.
template <class Device, class Saved>
void compare_intermediates(Device& device, Report& report, const std::string& at,
                           const Saved& saved) {
  const auto compare = [&](const std::string& name, const auto& tensor) {
    report.of_largest(tolerance::outputs, at + name, download(device, tensor));
  };
  const std::size_t depth = saved.blocks.size(), class_depth = saved.class_blocks.size();
  if (class_depth == 0)
    throw Error{report.reference.path(),
                ": class_attention_layers is 0: the features would not depend on the image"};
  for (std::size_t i = 0; i <= depth; ++i) {
    const auto x =
        i < depth ? saved.blocks[i].attention.norm.x : saved.class_blocks[0].norm_token.x;
    compare(i == 0 ? "tokens" : text("block.", i - 1), x);
  }
  for (std::size_t i = 1; i < class_depth; ++i)
    compare(text("cls.", i - 1), saved.class_blocks[i].norm_class.x);
  compare(text("cls.", class_depth - 1), saved.norm.x);
}

template <class Device>
void compare_pass(Device& device, Report& report, Encoder<Device>& encoder, const std::string& tag,
                  const Views& views) {
  using W = Wide<Device>;
  const std::string at = "out/" + tag + "/";
  const auto weights = report.reference.template values<W>("input/w_" + tag);
  encoder.differentiate(encoder.weights(), views, weights,
                        [&](Tensor<Device> feature, const auto& saved) {
                          compare_intermediates(device, report, at, saved);
                          const auto found = download(device, feature);
                          report.of_largest(tolerance::outputs, at + "feature", found);
                          compare_scalar(report, at + "scalar", found, weights);
                        });
  const std::string gradients = "grad/" + tag + "/";
  report.of_largest(tolerance::gradients, gradients + "input.x", encoder.grad_images());
  compare_gradients(report, encoder.layout(), encoder.gradients(), gradients);
}

template <class Device>
void compare(Device& device, Report& report) {
  Encoder<Device> encoder{device, report.reference};
  siamese::PackedViews<Device> all, masked;
  const Grid grid = encoder.vit().grid();
  all.fill_all(grid, no_samples(encoder.input().count()));
  const Views whole = all.send(device);
  for (const std::string tag : {"nomask", "mask"}) {
    if (!report.reference.has("out/" + tag + "/feature")) continue;
    compare_patch_embedding(device, report, encoder, "out/" + tag + "/patch_embed", whole);
    compare_pass(device, report, encoder, tag,
                 tag == "mask" ? masked_views(device, masked, report.reference, "", grid) : whole);
  }
}

}  // namespace parity::of_vit_forward
