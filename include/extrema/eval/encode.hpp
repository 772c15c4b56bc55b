// SPDX-License-Identifier: MIT
// Features of a data set's images: what evaluation, and whoever uses a trained encoder, starts
// from. N images, D = width
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "extrema/core/parameters.hpp"
#include "extrema/data/affine.hpp"
#include "extrema/data/evaluation_loader.hpp"
#include "extrema/device/download.hpp"
#include "extrema/device/mailbox.hpp"
#include "extrema/device/upload.hpp"
#include "extrema/eval/features.hpp"
#include "extrema/nn/images.hpp"
#include "extrema/ops/convert.hpp"
#include "extrema/siamese/packed_views.hpp"

namespace extrema::eval {

namespace detail {

/// Features (B, D) of one batch, as floats on the host.
template <class Device, class Backbone>
std::vector<Wide<Device>> encode_batch(Device& device, const Backbone& backbone,
                                       const Weights<Device>& weights,
                                       const nn::Images<Device, std::uint8_t>& images,
                                       const Views& views) {
  const Scope scope{device.workspace()};
  const auto features = backbone.infer(device, weights, images, views);  // (B, D)
  return download(device, ops::as<Wide<Device>>(device, features));
}

}  // namespace detail

/// Shows every image whole, resized and cropped as for evaluation, to the backbone's `infer`.
template <class Device, class Backbone, data::Dataset Dataset>
Features encode(Device& device, const Backbone& backbone, const Weights<Device>& weights,
                const data::Normalisation& normalisation, const Dataset& images,
                const EncodeOptions& options = {}) {
  const ImageExtent extent = backbone.image();
  if (images.channels() != extent.channels)
    throw Error{"encode: the images have ", images.channels(), " channels, the encoder takes ",
                extent.channels};
  normalisation.require(extent.channels);
  data::EvaluationLoader loader{images,
                                {.batch = options.batch,
                                 .threads = options.threads,
                                 .evaluation = {.height = extent.height, .width = extent.width},
                                 .unreadable = options.unreadable}};
  const auto affine = upload(device, data::affine<Wide<Device>>(normalisation));
  siamese::PackedViews<Device> views;
  std::optional<Mailbox<std::uint8_t, Device>> mail;
  Features result{.width = backbone.dim()};
  while (const data::EvaluationBatch* batch = loader.next()) {
    result.add(*batch);
    if (batch->size() == 0) continue;
    const Index size = batch->size() * extent.size();
    if (!mail || mail->size() < size) mail.emplace(size);
    std::copy_n(batch->pixels, size, mail->write());
    views.fill_all(backbone.grid(), batch->samples);
    const auto features = detail::encode_batch(
        device, backbone, weights,
        nn::Images<Device, std::uint8_t>{
            mail->send(device, size), extent, batch->size(), {affine.data(), affine.size() / 2, 2}},
        views.send(device));
    result.values.insert(result.values.end(), features.begin(), features.end());
    device.workspace().compact();
  }
  return result;
}

}  // namespace extrema::eval
