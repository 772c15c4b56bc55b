// SPDX-License-Identifier: MIT
// What a checkpoint says of the run that it is from, as JSON.
#pragma once

#include <nlohmann/json.hpp>

#include "extrema/eval/encoder_description.hpp"

namespace extrema::train {

/// Of a run's model.
template <class Run>
eval::EncoderDescription describe_encoder(const Run& run) {
  const auto& backbone = run.trainer().method().backbone();
  return {.shape = backbone.shape(),
          .image = backbone.image(),
          .layer_scale = run.trainer().options().method.backbone.layer_scale,
          .normalisation = *run.recipe().normalisation};
}

/// What must be the same for a run to go on from a checkpoint with the bits of one that was never
/// interrupted. (The number of epochs may be raised: it changes the schedules from here on.)
template <class Run>
nlohmann::json describe_run(const Run& run) {
  const auto& trainer = run.trainer();
  return {{"encoder", describe_encoder(run).json()},
          {"hidden", trainer.options().method.hidden},
          {"projection", trainer.options().method.projection},
          {"views", trainer.options().method.views},
          {"seed", trainer.options().seed},
          {"images", run.images().size()},
          {"batch", run.recipe().batch},
          {"pieces", run.recipe().pieces}};
}

}  // namespace extrema::train
