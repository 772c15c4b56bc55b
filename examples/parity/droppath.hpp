// SPDX-License-Identifier: MIT
// Stochastic depth in the encoder, with the file's draws in place of the key's.
#pragma once

#include "encoder.hpp"

namespace parity::of_droppath {

inline constexpr Tolerance outputs{"features, of largest", 1e-6};

/// The file has a tensor for each branch that may be dropped, which the first block's are not.
template <class W>
std::vector<W> stored_draws(const Reference& reference, int depth, Index sequences) {
  std::vector<W> result(static_cast<std::size_t>(2 * depth * sequences));  // (L, S)
  for (int layer = 2; layer < 2 * depth; ++layer) {
    const std::string name = text("input/rand.", layer - 2);
    const auto values = reference.values<W>(name);
    if (std::ssize(values) != sequences)
      throw Error{reference.path(), ": tensor ",   name,
                  " has ",          values.size(), " draws, expected one for each of ",
                  sequences,        " sequences"};
    std::ranges::copy(values, result.begin() + layer * sequences);
  }
  return result;
}

template <class Device>
void compare(Device& device, Report& report) {
  const Reference& reference = report.reference;
  using W = Wide<Device>;
  Encoder<Device> encoder{device, reference};
  siamese::PackedViews<Device> masked;
  const Views views = masked_views(device, masked, reference, "", encoder.vit().grid());
  const auto draws = upload(
      device, stored_draws<W>(reference, encoder.vit().shape().depth, views.sequences.count));
  Weights<Device> drawing = encoder.weights();
  drawing.draws = draws.data();

  const auto weights = reference.template values<W>("input/w");
  encoder.differentiate(drawing, views, weights, [&](Tensor<Device> feature, const auto&) {
    const auto found = download(device, feature);
    report.of_largest(outputs, "out/feature", found);
    compare_scalar(report, "out/scalar", found, weights);
  });
  report.of_largest(tolerance::gradients, "grad/input.x", encoder.grad_images());
  compare_gradients(report, encoder.layout(), encoder.gradients(), "grad/");

  const Scope scope{device.workspace()};
  const auto undropped =
      encoder.vit().infer(device, encoder.weights(), encoder.input().images(), views);
  report.of_largest(outputs, "out/feature_eval", download(device, undropped));
}

}  // namespace parity::of_droppath
