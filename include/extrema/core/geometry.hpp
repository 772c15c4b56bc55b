// SPDX-License-Identifier: MIT
// What the launches of a step depend on besides the values in memory: what a captured graph is
// keyed by.
#pragma once

#include <compare>
#include <cstdint>
#include <vector>

#include "extrema/core/grid.hpp"
#include "extrema/core/views.hpp"

namespace extrema {

/// Counts, extents and addresses in a fixed order. Steps of equal geometry make the same launches
/// on the same memory.
class Geometry {
 public:
  void clear() { numbers_.clear(); }
  void add(Index number) { numbers_.push_back(number); }
  void add(const void* address) {
    numbers_.push_back(static_cast<Index>(reinterpret_cast<std::intptr_t>(address)));
  }
  void add(const ImageExtent& extent) {
    add(Index{extent.channels});
    add(Index{extent.height});
    add(Index{extent.width});
  }
  void add(const Views& views) {
    const Sequences& s = views.sequences;
    add(s.count);
    add(s.tokens);
    add(s.longest);
    add(s.offsets);
    add(s.sample);
    add(s.view);
    add(views.image);
    add(views.patch);
    add(views.padding);
  }

  friend auto operator<=>(const Geometry&, const Geometry&) = default;
  friend bool operator==(const Geometry&, const Geometry&) = default;

 private:
  std::vector<Index> numbers_;
};

}  // namespace extrema
