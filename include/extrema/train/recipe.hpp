// SPDX-License-Identifier: MIT
// How long, how fast and on what a run trains: the numbers of a pretraining recipe and their
// schedules. Defaults are the paper's (arXiv 2206.04667).
#pragma once

#include <cmath>
#include <limits>
#include <optional>

#include "extrema/core/error.hpp"
#include "extrema/core/grid.hpp"
#include "extrema/core/tensor.hpp"
#include "extrema/data/augmentation.hpp"
#include "extrema/data/normalisation.hpp"
#include "extrema/data/unreadable.hpp"
#include "extrema/ops/step.hpp"
#include "extrema/optim/schedule.hpp"

namespace extrema::train {

struct Recipe {
  int epochs = 300;
  Index batch = 256;              // images of one step
  Index pieces = 1;               // micro-batches that a step is cut into, to save memory
  double learning_rate = 1.5e-4;  // of 256 images: a step's is this times batch / 256
  double min_learning_rate = 0;   // at the end, not scaled
  std::optional<double> warmup_epochs = {};  // default: 40 of 300, or that share
  double weight_decay = 0.1;
  std::optional<double> weight_decay_end = {};            // default: constant
  double ema_momentum = 0.996;                            // at the start; it grows to 1
  data::Augmentation augmentation = {};                   // its height and width follow the model's
  std::optional<data::Normalisation> normalisation = {};  // default: usual(channels)
  bool augment_on_device = false;  // the same bits, made by the device in place of the loader
  data::UnreadableLimit unreadable = {};  // images that may be skipped
  int loader_threads = 2;

  double warmup() const { return warmup_epochs.value_or(epochs * 40. / 300); }

  /// With what the model's images decide filled in.
  Recipe completed(const ImageExtent& image) const {
    Recipe result = *this;
    result.augmentation.height = image.height;
    result.augmentation.width = image.width;
    if (!normalisation) result.normalisation = data::Normalisation::usual(image.channels);
    return result;
  }

  /// The numbers of a step that begins at the fractional epoch.
  ops::StepScalars scalars(double epoch) const {
    const double total = epochs;
    const optim::WarmupCosine rate{
        .peak = optim::scaled_rate(learning_rate, static_cast<double>(batch)),
        .floor = min_learning_rate,
        .warmup = warmup(),
        .epochs = total};
    const optim::CosineDecay decay{
        .begin = weight_decay, .end = weight_decay_end.value_or(weight_decay), .epochs = total};
    const optim::MomentumCosine momentum{.begin = ema_momentum, .epochs = total};
    return {.learning_rate = rate(epoch),
            .weight_decay = decay(epoch),
            .ema_momentum = momentum(epoch)};
  }

  /// Throws an Error that says which number cannot be. (Whether the normalisation has as many
  /// channels as the images is known to fit(), which asks.)
  void require() const {
    if (epochs < 1) throw Error{"Recipe: epochs is ", epochs, ", expected 1 or more"};
    if (batch < 1) throw Error{"Recipe: batch is ", batch, ", expected 1 or more"};
    if (pieces < 1 || pieces > batch)
      throw Error{"Recipe: pieces is ", pieces, ", expected 1 to ", batch, " (the batch)"};
    require("learning_rate", learning_rate);
    require("min_learning_rate", min_learning_rate);
    require("weight_decay", weight_decay);
    require("weight_decay_end", weight_decay_end.value_or(0));
    if (!(warmup() >= 0 && warmup() <= epochs))
      throw Error{"Recipe: warmup_epochs is ", warmup(), ", expected 0 to ", epochs,
                  " (the epochs)"};
    require("ema_momentum", ema_momentum, 1);
    require_augmentation();
  }

 private:
  static void require(const char* name, double value,
                      double most = std::numeric_limits<double>::max()) {
    if (value >= 0 && value <= most) return;  // which a NaN is not
    if (most < std::numeric_limits<double>::max())
      throw Error{"Recipe: ", name, " is ", value, ", expected 0 to ", most};
    throw Error{"Recipe: ", name, " is ", value, ", expected a finite number, 0 or more"};
  }

  void require_augmentation() const {
    const data::Range scale = augmentation.scale, ratio = augmentation.ratio;
    if (!(scale.low > 0 && scale.low <= scale.high && scale.high <= 1))
      throw Error{"Recipe: crops show ", scale.low, " to ", scale.high,
                  " of an image's area, expected shares above 0, up to 1"};
    if (!(ratio.low > 0 && ratio.low <= ratio.high && std::isfinite(ratio.high)))
      throw Error{"Recipe: crops have ratios of ", ratio.low, " to ", ratio.high,
                  ", expected finite ones above 0"};
    const data::ColourJitter& colour = augmentation.colour;
    require("flip", augmentation.flip, 1);
    require("brightness of the jitter", colour.brightness);
    require("contrast of the jitter", colour.contrast);
    require("saturation of the jitter", colour.saturation);
    require("hue of the jitter", colour.hue, 0.5);
    require("probability of the jitter", colour.probability, 1);
    require("grey", colour.grey, 1);
  }
};

}  // namespace extrema::train
