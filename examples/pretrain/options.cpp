// SPDX-License-Identifier: MIT
#include "options.hpp"

#include <algorithm>

#include "extrema/core/error.hpp"
#include "extrema/nn/presets.hpp"

namespace pretrain {

namespace {

nn::VitShape shape(const Settings& s) {
  nn::VitShape shape = nn::preset(s.arch);
  shape.dim = s.dim.value_or(shape.dim);
  shape.depth = s.depth.value_or(shape.depth);
  shape.heads = s.heads.value_or(shape.heads);
  shape.mlp_ratio = s.mlp_ratio.value_or(shape.mlp_ratio);
  shape.patch = s.patch.value_or(shape.patch);
  shape.class_depth = s.class_depth;
  return shape;
}

ImageExtent extent(const Settings& s, const data::AnyDataset& images) {
  if (!s.image.empty()) return {images.channels(), s.image.front(), s.image.back()};
  return images.common_extent().value_or(ImageExtent{images.channels(), 224, 224});
}

mask::Shipped policy(const Settings& s) {
  using enum mask::Rounding;
  const auto rounding = s.rounding == "up" ? up : s.rounding == "nearest" ? nearest : truncate;
  return mask::make(s.policy(), {.ratio = s.mask_ratio, .rounding = rounding});
}

data::Augmentation augmentation(const Settings& s) {
  if (s.crop_only + s.centre_crop + s.consistent_colour + s.two_crops > 1)
    throw Error{"--aug-...: two augmentations are named, expected one"};
  if (s.jitter.size() != 4)
    throw Error{"--color-jitter: expected 4 numbers, found ", s.jitter.size()};
  return {.scale = {s.crop_min, 1},
          .flip = s.flip,
          .colour = {.brightness = s.jitter.at(0),
                     .contrast = s.jitter.at(1),
                     .saturation = s.jitter.at(2),
                     .hue = s.jitter.at(3),
                     .grey = s.grey},
          .pair = s.crop_only     ? data::Pair::crop_only
                  : s.centre_crop ? data::Pair::centre_crop
                  : s.two_crops   ? data::Pair::two_crops
                                  : data::Pair::spatially_consistent_colour};
}

bool on_device(const Settings& s) {
  if (s.augment_on == "device" && s.device == "cpu")
    throw Error{"--augment-on device: is for --device cuda; on a CPU the --workers augment"};
  return s.augment_on == "device";
}

}  // namespace

Method::Options method_options(const Settings& s, const data::AnyDataset& images) {
  return {.backbone = {.image = extent(s, images),
                       .shape = shape(s),
                       .layer_scale = s.layer_scale,
                       .drop_path = s.drop_path},
          .hidden = s.hidden,
          .projection = s.projection,
          .views = s.views,
          .mask = policy(s),
          .loss = loss::make(s.loss, {.temperature = s.temperature})};
}

optim::Shipped optimizer(const Settings& s) {
  if (s.betas.size() != 2) throw Error{"--opt-betas: expected 2 numbers, found ", s.betas.size()};
  return optim::make(s.optimizer, {.beta1 = s.betas.at(0),
                                   .beta2 = s.betas.at(1),
                                   .epsilon = s.epsilon,
                                   .momentum = s.momentum});
}

train::Recipe recipe(const Settings& s, const data::AnyDataset& images) {
  return {.epochs = s.epochs,
          .batch = s.batch,
          .learning_rate = s.learning_rate,
          .min_learning_rate = s.min_learning_rate,
          .warmup_epochs = s.warmup.value_or(std::min(10.0, s.epochs / 6.0)),
          .weight_decay = s.weight_decay,
          .weight_decay_end = s.weight_decay_end,
          .ema_momentum = s.ema_momentum,
          .augmentation = augmentation(s),
          .normalisation = s.mean.empty() ? data::Normalisation::usual(images.channels())
                                          : data::Normalisation{s.mean, s.deviation},
          .augment_on_device = on_device(s),
          .unreadable = {.share = s.max_unreadable},
          .loader_threads = *s.loader_threads};
}

}  // namespace pretrain
