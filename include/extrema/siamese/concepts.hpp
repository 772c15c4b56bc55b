// SPDX-License-Identifier: MIT
// What a trainer needs of a method, as far as that can be told without a device.
#pragma once

#include <concepts>

#include "extrema/core/parameters.hpp"

namespace extrema::siamese {

/// The loss between student and teacher.
template <class M>
concept HasLoss = requires {
  typename M::Loss;
};

/// It is laid out at a path, from options that hold its loss and the width of its targets.
template <class M>
concept HasOptions = requires(const typename M::Options& options) {
  { options.loss } -> std::convertible_to<typename M::Loss>;
  { options.projection } -> std::convertible_to<Index>;
}
&&std::constructible_from<M, const Path&, typename M::Options>;

/// How much of the layout the teacher has, from its beginning on.
template <class M>
concept HasEncoder = requires(const M& method) {
  { method.encoder_size() } -> std::convertible_to<Index>;
};

/// And target() and differentiate() for each device, as those of siamese::Extrema. (In fp16 the
/// student has a loss_scale, by which differentiate() multiplies the loss's gradient.)
template <class M>
concept Method = HasLoss<M> && HasOptions<M> && HasEncoder<M>;

}  // namespace extrema::siamese
