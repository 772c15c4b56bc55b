// SPDX-License-Identifier: MIT
// Vision transformers of the usual sizes (arXiv 2010.11929, 2012.12877) by name.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "extrema/core/error.hpp"
#include "extrema/nn/vit.hpp"

namespace extrema::nn {

inline constexpr VitShape vit_tiny{.patch = 16, .dim = 192, .depth = 12, .heads = 3};
inline constexpr VitShape vit_small{.patch = 16, .dim = 384, .depth = 12, .heads = 6};
inline constexpr VitShape vit_base{.patch = 16, .dim = 768, .depth = 12, .heads = 12};
inline constexpr VitShape vit_large{.patch = 16, .dim = 1024, .depth = 24, .heads = 16};

struct Preset {
  std::string_view name;
  VitShape shape;
};

inline constexpr std::array<Preset, 4> presets{{{"vit_tiny", vit_tiny},
                                                {"vit_small", vit_small},
                                                {"vit_base", vit_base},
                                                {"vit_large", vit_large}}};

/// The shape of that name. Throws Error that lists the names for any other.
inline VitShape preset(std::string_view name) {
  std::string known;
  for (const Preset& p : presets) {
    if (p.name == name) return p.shape;
    known += text(known.empty() ? "" : ", ", p.name);
  }
  throw Error{"nn::preset: no architecture is called `", name, "`: choose one of ", known,
              ", or give dim, depth and heads"};
}

}  // namespace extrema::nn
