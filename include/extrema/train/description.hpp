// SPDX-License-Identifier: MIT
// What a checkpoint says of the run that it is from, as JSON.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <type_traits>

#include "extrema/core/precision.hpp"
#include "extrema/core/text.hpp"
#include "extrema/core/type_name.hpp"
#include "extrema/eval/encoder_description.hpp"
#include "extrema/train/recipe.hpp"

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

/// What a run's method is made of, by name: {"mask", "extrema::mask::Disjoint, ratio 0.8"}, ...
using Identity = std::map<std::string, std::string>;

namespace detail {

/// A type's name, and what shipped policies and losses are mostly told by.
template <class T>
std::string described(const T& part) {
  std::string result = type_name<T>();
  if constexpr (requires {
                  { part.ratio } -> std::convertible_to<double>;
                })
    result += text(", ratio ", part.ratio);
  if constexpr (requires {
                  { part.temperature } -> std::convertible_to<double>;
                })
    result += text(", temperature ", part.temperature);
  return result;
}

/// What a caller says counts more.
template <class Options>
Identity identity_of(const Options& options, Identity said) {
  said.insert({{"mask", described(options.method.mask)},
               {"loss", described(options.method.loss)},
               {"optimiser", described(options.optimizer)}});
  return said;
}

}  // namespace detail

/// "fp64", "fp32", "bf16", "bf16_stream" or "fp16".
template <class Device>
const char* precision_name() {
  using Format = Precision<Scalar<Device>, Stream<Device>>;
  if constexpr (std::same_as<Format, fp64>) return "fp64";
  else if constexpr (std::same_as<Format, fp32>) return "fp32";
  else if constexpr (std::same_as<Format, bf16>) return "bf16";
  else if constexpr (std::same_as<Format, fp16>) return "fp16";
  else return "bf16_stream";
}

/// What must be the same for a run to go on from a checkpoint: it is refused otherwise.
template <class Run>
nlohmann::json describe_run(const Run& run, const Identity& identity = {}) {
  const auto& trainer = run.trainer();
  using Device = std::remove_cvref_t<decltype(trainer.device())>;
  return {{"encoder", describe_encoder(run).json()},
          {"method", detail::identity_of(trainer.options(), identity)},
          {"precision", precision_name<Device>()},
          {"hidden", trainer.options().method.hidden},
          {"projection", trainer.options().method.projection},
          {"views", trainer.options().method.views},
          {"seed", trainer.options().seed},
          {"images", run.images().size()},
          {"batch", run.recipe().batch},
          {"pieces", run.recipe().pieces}};
}

namespace detail {

template <class Run>
nlohmann::json describe_schedules_and_data(const Run& run) {
  const auto& options = run.trainer().options();
  const Recipe& recipe = run.recipe();
  const data::Augmentation& augmentation = recipe.augmentation;
  const data::ColourJitter& colour = augmentation.colour;
  constexpr std::array pairs{"spatially consistent colour", "crop only", "centre crop",
                             "two crops"};
  return {{"epochs", recipe.epochs},
          {"learning rate", recipe.learning_rate},
          {"least learning rate", recipe.min_learning_rate},
          {"warm-up epochs", recipe.warmup()},
          {"weight decay", recipe.weight_decay},
          {"last weight decay", recipe.weight_decay_end.value_or(recipe.weight_decay)},
          {"teacher's momentum", recipe.ema_momentum},
          {"drop path", options.method.backbone.drop_path},
          {"largest gradient norm", options.clip},
          {"pair of views", pairs.at(static_cast<std::size_t>(augmentation.pair))},
          {"crop areas", {augmentation.scale.low, augmentation.scale.high}},
          {"crop ratios", {augmentation.ratio.low, augmentation.ratio.high}},
          {"flip", augmentation.flip},
          {"jitter",
           {colour.brightness, colour.contrast, colour.saturation, colour.hue, colour.probability}},
          {"grey", colour.grey},
          {"interpolation",
           augmentation.interpolation == data::Interpolation::bicubic ? "bicubic" : "bilinear"},
          {"exact decoding", augmentation.exact_decode}};
}

}  // namespace detail

/// Tells one data set from another by the names and labels of its images (64 bits of FNV-1a).
template <class Dataset>
std::string fingerprint(const Dataset& images) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (Index i = 0; i < images.size(); ++i)
    for (const char byte : text(images.name(i), '\n', images.label(i), '\n'))
      hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3u;
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash));
  return digits;
}

/// What may be changed on purpose when a run goes on. Its bits are those of a run that was never
/// interrupted only where this is the same too. `more` is what only the caller knows.
template <class Run>
nlohmann::json describe_recipe(const Run& run, const Identity& more = {}) {
  nlohmann::json result = detail::describe_schedules_and_data(run);
  result["data"] = fingerprint(run.images());
  if constexpr (requires { run.trainer().device().threads(); })
    result["compute threads"] = run.trainer().device().threads();
  for (const auto& [name, value] : more) result[name] = value;
  return result;
}

}  // namespace extrema::train
