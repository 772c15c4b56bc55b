// SPDX-License-Identifier: MIT
// Tables of positions, and tables resized for another grid.
#include "cases.hpp"
#include "extrema/nn/initialise.hpp"
#include "extrema/nn/patch_embed.hpp"
#include "extrema/nn/resize_positions.hpp"

namespace parity {

namespace {

using namespace extrema;

constexpr Tolerance tables{"tables, absolute", 1e-6}, resized{"resized tables, absolute", 1e-5};

/// "14", or "14x10" of 14 rows.
Grid grid_named(const std::string& name) {
  const auto cross = name.find('x');
  const int height = std::stoi(name);
  return {height, cross == name.npos ? height : std::stoi(name.substr(cross + 1))};
}

std::vector<std::string> split(const std::string& name) {
  std::vector<std::string> parts{""};
  for (const char c : name)
    if (c == '.') parts.emplace_back();
    else parts.back() += c;
  return parts;
}

/// The table that a model of this width and grid begins with: (patches, D).
std::vector<double> table(Index width, Grid grid) {
  Layout layout;
  const nn::PatchEmbed layer{Path{layout},
                             {.image = {1, grid.height, grid.width}, .patch = 1, .width = width}};
  const auto values = nn::initialise<double>(layout, 0);
  const auto first = values.begin() + layer.positions.offset;
  return {first, first + layer.positions.rows * layer.positions.cols};
}

/// Columns [first, first + count) of rows of `width`.
std::vector<double> columns(const std::vector<double>& rows, Index width, Index first,
                            Index count) {
  std::vector<double> result;
  for (auto row = rows.begin(); row != rows.end(); row += width)
    result.insert(result.end(), row + first, row + first + count);
  return result;
}

/// out/DIM.GRID, or the first or last columns of it.
void compare_table(Report& report, const std::string& name) {
  const auto parts = split(name);
  if (parts.size() < 2 || parts.size() > 3)
    throw Error{report.reference.path(), ": out/", name, " is no table DIM.GRID"};
  const Index width = std::stoi(parts[0]);
  auto found = table(width, grid_named(parts[1]));
  if (parts.size() == 3) {
    const bool first = parts[2].starts_with("first");
    if (!first && !parts[2].starts_with("last"))
      throw Error{report.reference.path(), ": out/", name, " is neither first nor last columns"};
    const Index count = std::stoi(parts[2].substr(first ? 5 : 4));
    if (count > width) throw Error{report.reference.path(), ": out/", name, " is too wide"};
    found = columns(found, width, first ? 0 : width - count, count);
  }
  report.absolute(tables, "out/" + name, found);
}

void compare_resized(Report& report, const std::string& name) {
  const auto parts = split(name);
  if (parts.size() != 3)
    throw Error{report.reference.path(), ": out/", name, " is not interp.FROM.TO"};
  const auto input = report.reference.values("input/" + name);
  const Index width = report.reference.shape("input/" + name).back();
  report.absolute(resized, "out/" + name,
                  nn::resize_positions(input, grid_named(parts[1]), grid_named(parts[2]), width));
}

}  // namespace

void pos_embed(Report& report, const Settings&) {
  for (const std::string& name : report.reference.names("out/"))
    if (name.starts_with("interp.")) compare_resized(report, name);
    else compare_table(report, name);
}

}  // namespace parity
