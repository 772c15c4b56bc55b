// SPDX-License-Identifier: MIT
// The shipped policies by name, for command lines and configuration files.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "extrema/core/error.hpp"
#include "extrema/mask/block_wise.hpp"
#include "extrema/mask/disjoint.hpp"
#include "extrema/mask/grid_sample.hpp"
#include "extrema/mask/independent.hpp"
#include "extrema/mask/inverse_block.hpp"
#include "extrema/mask/one_of.hpp"

namespace extrema::mask {

using Shipped = OneOf<Disjoint, Independent, BlockWise, InverseBlock, GridSample>;

/// What a command line may say of any of them; each takes what concerns it.
struct Settings {
  std::optional<double> ratio = {};  // the policy's own default, if nothing is said
  Rounding rounding = Rounding::truncate;
};

struct Entry {
  std::string_view name;
  std::string_view what;  // half a sentence for --help
};

inline constexpr std::array<Entry, 6> catalogue{{
    {"disjoint", "random views that share no patch (ExtreMA); ratio 0.8"},
    {"independent", "random views, each drawn alone (MAE); ratio 0.8"},
    {"block", "rectangles are hidden, counts vary (BEiT); ratio 0.4"},
    {"block-exact", "the same, topped up by single patches to one count (DINOv3); ratio 0.4"},
    {"inverse-block", "one rectangle is seen, rolled around the edges (CAPI); ratio 0.65"},
    {"grid", "one patch of each 2 x 2 is seen, views share none (UM-MAE); ratio 0.75 always"},
}};

/// Throws Error for a name that is not in the catalogue, and for a ratio that "grid" cannot have.
/// Whether the grid and the number of views suit the policy is mask::require's to say.
inline Shipped make(std::string_view name, const Settings& s = {}) {
  const auto ratio = [&](double usual) { return s.ratio.value_or(usual); };
  if (name == "disjoint") return Disjoint{ratio(Disjoint{}.ratio), s.rounding};
  if (name == "independent") return Independent{ratio(Independent{}.ratio), s.rounding};
  if (name == "block" || name == "block-exact")
    return BlockWise{
        .ratio = ratio(BlockWise{}.ratio), .exact = name == "block-exact", .rounding = s.rounding};
  if (name == "inverse-block")
    return InverseBlock{.ratio = ratio(InverseBlock{}.ratio), .rounding = s.rounding};
  if (name == "grid") {
    if (ratio(0.75) != 0.75)
      throw Error{"mask policy: grid sees one patch of four, a ratio of 0.75, found ", *s.ratio,
                  ": leave the ratio out or take another policy"};
    return GridSample{};
  }
  std::string known;
  for (const Entry& entry : catalogue) {
    if (!known.empty()) known += entry.name == catalogue.back().name ? " or " : ", ";
    known += entry.name;
  }
  throw Error{"mask policy: expected ", known, ", found ", name};
}

}  // namespace extrema::mask
