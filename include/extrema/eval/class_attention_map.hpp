// SPDX-License-Identifier: MIT
// What the class token looks at: the attention of the last class-attention block over the patches.
// B images, N patches, H heads, d = head width
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "extrema/core/error.hpp"
#include "extrema/core/parameters.hpp"
#include "extrema/core/views.hpp"
#include "extrema/device/download.hpp"
#include "extrema/nn/images.hpp"

namespace extrema::eval {

/// (B, N): the mean over heads, without the class token's attention to itself. The views are of N
/// tokens each, one per image. Throws Error where the model has no class-attention blocks.
template <class Device, class Backbone, class Pixel>
std::vector<float> class_attention_map(Device& device, const Backbone& backbone,
                                       const Weights<Device>& weights,
                                       const nn::Images<Device, Pixel>& images,
                                       const Views& views) {
  const Scope scope{device.workspace()};
  const auto saved = backbone.forward(device, weights, images, views).saved;
  if (saved.class_blocks.empty())
    throw Error{"class_attention_map: the model has no class-attention blocks"};
  const auto& last = saved.class_blocks.back().attn;
  const auto query = download(device, last.query), key = download(device, last.key);
  const Index count = last.query.rows, width = last.query.cols, heads = backbone.shape().heads,
              d = width / heads, patches = views.sequences.longest;
  std::vector<float> result(static_cast<std::size_t>(count * patches));
  std::vector<double> scores(static_cast<std::size_t>(patches + 1));
  for (Index s = 0; s < count; ++s)
    for (Index h = 0; h < heads; ++h) {
      const auto* q = query.data() + s * width + h * d;
      for (Index j = 0; j <= patches; ++j) {  // the class token, then the patches
        const Index row = j == 0 ? s : count + s * patches + j - 1;
        const auto* k = key.data() + row * width + h * d;
        double product = 0;
        for (Index i = 0; i < d; ++i)
          product += static_cast<double>(q[i]) * static_cast<double>(k[i]);
        scores[static_cast<std::size_t>(j)] = product / std::sqrt(static_cast<double>(d));
      }
      const double top = std::ranges::max(scores);  // without it exp() may overflow
      double sum = 0;
      for (double& score : scores) sum += score = std::exp(score - top);
      for (Index j = 0; j < patches; ++j)
        result[static_cast<std::size_t>(s * patches + j)] += static_cast<float>(
            scores[static_cast<std::size_t>(j + 1)] / sum / static_cast<double>(heads));
    }
  return result;
}

}  // namespace extrema::eval
