// SPDX-License-Identifier: MIT
// What a check of a masking policy found: a row for each property, and how often each patch is
// seen.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "extrema/core/grid.hpp"
#include "extrema/core/text.hpp"

namespace extrema::mask {

struct Report {
  struct Row {
    std::string property;
    bool ok = true;
    std::string found;
  };

  Grid grid;
  int views = 0;
  int images = 0;
  std::string refused = {};             // the policy's sentence; then nothing else was checked
  std::vector<Row> rows = {};           // what was checked, or is worth knowing
  std::vector<double> visibility = {};  // (N) the share of all views that show the patch

  bool ok() const {
    for (const Row& row : rows)
      if (!row.ok) return false;
    return true;
  }

  /// "counts: ...; once: ...": what failed, in one line; empty if nothing did.
  std::string faults() const {
    std::string all;
    for (const Row& row : rows)
      if (!row.ok) all += extrema::text(all.empty() ? "" : "; ", row.property, ": ", row.found);
    return all;
  }

  /// A table to read: a line for each property.
  std::string text() const {
    if (!refused.empty()) return extrema::text(title(), "\n  refused: ", refused, "\n");
    std::string all = extrema::text(title(), ", ", images, " images\n");
    for (const Row& row : rows)
      all += extrema::text(row.ok ? "  ok     " : "  FAILS  ", row.property,
                           std::string(12 - std::min<std::size_t>(12, row.property.size()), ' '),
                           row.found, "\n");
    return all;
  }

  /// How many of 100 views show each patch, as the grid lies.
  std::string map() const {
    std::string all;
    for (std::size_t patch = 0; patch < visibility.size(); ++patch) {
      const std::string percent = std::to_string(static_cast<int>(100 * visibility[patch] + 0.5));
      all += std::string(4 - std::min<std::size_t>(4, percent.size()), ' ') + percent;
      if ((patch + 1) % static_cast<std::size_t>(grid.width) == 0) all += '\n';
    }
    return all;
  }

 private:
  std::string title() const {
    return extrema::text(views, views == 1 ? " view" : " views", " of a grid of ", grid.height,
                         " x ", grid.width);
  }
};

}  // namespace extrema::mask
