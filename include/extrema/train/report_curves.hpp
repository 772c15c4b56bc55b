// SPDX-License-Identifier: MIT
// The charts of a run, from the lines of its metrics.jsonl.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "extrema/train/report_chart.hpp"

namespace extrema::train {

namespace detail {

/// A value over epochs, from all lines that have it.
inline std::vector<ChartPoint> curve(std::span<const nlohmann::ordered_json> lines,
                                     std::string_view kind, const std::string& key,
                                     double scale = 1) {
  std::vector<ChartPoint> points;
  for (const auto& line : lines) {
    if (!kind.empty() && line.value("kind", "") != kind) continue;
    const auto found = line.find(key), epoch = line.find("epoch");
    if (found == line.end() || epoch == line.end() || !epoch->is_number()) continue;
    const double value = found->is_number() ? scale * found->get<double>()
                                            : std::numeric_limits<double>::quiet_NaN();
    points.push_back({epoch->get<double>(), value});
  }
  return points;
}

/// At most so many points, each the mean of its neighbours: what a screen can show.
inline std::vector<ChartPoint> thinned(const std::vector<ChartPoint>& points, std::size_t most) {
  if (points.size() <= most) return points;
  std::vector<ChartPoint> result;
  for (std::size_t i = 0; i < most; ++i) {
    const std::size_t begin = i * points.size() / most, end = (i + 1) * points.size() / most;
    ChartPoint mean;
    for (std::size_t k = begin; k < end; ++k) {
      mean.x += points[k].x / static_cast<double>(end - begin);
      mean.y += points[k].y / static_cast<double>(end - begin);
    }
    result.push_back(mean);
  }
  return result;
}

/// The mean of a window around each point.
inline std::vector<ChartPoint> smoothed(const std::vector<ChartPoint>& points, std::size_t radius) {
  std::vector<ChartPoint> result = points;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const std::size_t reach = std::min({radius, i, points.size() - 1 - i});
    double sum = 0;
    for (std::size_t k = i - reach; k <= i + reach; ++k) sum += points[k].y;
    result[i].y = sum / static_cast<double>(2 * reach + 1);
  }
  return result;
}

}  // namespace detail

/// Loss; k-NN accuracy (every value whose name begins with "knn", a share of 1, shown in per cent
/// beside `levels`, which are in per cent); learning rate; the teacher's momentum; weight decay
/// where it changes; the gradient's norm. Charts that the lines hold nothing for are empty.
inline std::vector<Chart> run_charts(std::span<const nlohmann::ordered_json> lines,
                                     std::vector<ChartLevel> levels = {}) {
  const auto steps = [&](const std::string& key) {
    return detail::thinned(detail::curve(lines, "step", key), 600);
  };
  const auto loss = steps("loss"), norm = steps("gradient_norm"), decay = steps("weight_decay");
  const std::size_t radius = loss.size() / 40;
  const bool decay_changes = !decay.empty() && std::ranges::any_of(decay, [&](ChartPoint p) {
    return p.y != decay.front().y;
  });

  std::vector<std::string> names;
  for (const auto& line : lines)
    for (const auto& [name, value] : line.items())
      if (name.starts_with("knn") && value.is_number() &&
          std::ranges::find(names, name) == names.end())
        names.push_back(name);
  Chart knn{"k-NN accuracy", "epoch", "accuracy (%)", {}, std::move(levels)};
  for (const auto& name : names) {
    std::string label = name.starts_with("knn_") ? name.substr(4) : name;  // "knn_teacher"
    std::ranges::replace(label, '_', ' ');
    knn.series.push_back({label, detail::curve(lines, "", name, 100), true});
  }

  std::vector<Chart> charts;
  charts.push_back(
      {"Loss",
       "epoch",
       "loss",
       {{"each step", loss, false, true}, {"smoothed", detail::smoothed(loss, radius)}}});
  charts.push_back(std::move(knn));
  charts.push_back({"Learning rate", "epoch", "learning rate", {{"", steps("learning_rate")}}});
  charts.push_back({"Momentum of the teacher", "epoch", "momentum", {{"", steps("momentum")}}});
  if (decay_changes) charts.push_back({"Weight decay", "epoch", "weight decay", {{"", decay}}});
  charts.push_back(
      {"Norm of the gradient",
       "epoch",
       "norm",
       {{"each step", norm, false, true}, {"smoothed", detail::smoothed(norm, radius)}}});
  return charts;
}

}  // namespace extrema::train
