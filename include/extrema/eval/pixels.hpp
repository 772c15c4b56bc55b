// SPDX-License-Identifier: MIT
// Raw pixels as features: the baseline that any encoder should be measured against.
#pragma once

#include "extrema/data/affine.hpp"
#include "extrema/data/evaluation_loader.hpp"
#include "extrema/eval/features.hpp"

namespace extrema::eval {

/// (N, C H W), normalised, of images shown as to an encoder of this height and width. Throws Error
/// where the normalisation is for another number of channels, and as data::EvaluationLoader does.
template <data::Dataset Dataset>
Features pixels(const Dataset& images, int height, int width,
                const data::Normalisation& normalisation, const EncodeOptions& options = {}) {
  data::EvaluationLoader loader{images,
                                {.batch = options.batch,
                                 .threads = options.threads,
                                 .evaluation = {.height = height, .width = width},
                                 .unreadable = options.unreadable}};
  normalisation.require(loader.extent().channels);
  const auto affine = data::affine<float>(normalisation);
  const Index area = Index{height} * width;
  Features result{.width = loader.extent().size()};
  while (const data::EvaluationBatch* batch = loader.next()) {
    result.add(*batch);
    for (Index i = 0; i < batch->size() * result.width; ++i) {
      const float* channel = affine.data() + i % result.width / area * 2;
      result.values.push_back(static_cast<float>(batch->pixels[i]) * channel[0] + channel[1]);
    }
  }
  return result;
}

}  // namespace extrema::eval
