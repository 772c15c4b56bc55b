// SPDX-License-Identifier: MIT
// What a method needs of the encoder that it trains, as far as that can be told without a device.
#pragma once

#include <concepts>

#include "extrema/core/grid.hpp"
#include "extrema/core/parameters.hpp"
#include "extrema/nn/layer_norm.hpp"

namespace extrema::nn {

/// It is laid out at a path, from options.
template <class B>
concept HasOptions = requires {
  typename B::Options;
}
&&std::constructible_from<B, const Path&, typename B::Options>;

namespace detail {
template <template <class> class>
struct OfDevice {};
}  // namespace detail

/// Saved<Device> is what forward() keeps for backward().
template <class B>
concept HasSaved = requires {
  typename detail::OfDevice<B::template Saved>;
};

/// A block of nn::Vit: and forward_into(), output() and backward(), as those of nn::Block.
template <class B>
concept BlockLayer = HasOptions<B> && HasSaved<B> && requires(const B& block) {
  { block.first_norm() } -> std::convertible_to<const LayerNorm&>;
};

/// The images that it takes, the grid of their patches, and the width of its features.
template <class B>
concept HasShape = requires(const B& backbone) {
  { backbone.image() } -> std::convertible_to<ImageExtent>;
  { backbone.grid() } -> std::convertible_to<Grid>;
  { backbone.dim() } -> std::convertible_to<Index>;
};

/// And forward(), infer() and backward() for each device, as those of nn::Vit: a feature for each
/// sequence that is shown (Views::shown), and a gradient for as many.
template <class B>
concept Backbone = HasOptions<B> && HasSaved<B> && HasShape<B>;

}  // namespace extrema::nn
