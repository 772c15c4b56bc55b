// SPDX-License-Identifier: MIT
// A line chart as SVG, drawn in the colours of the page that it stands in.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "extrema/core/text.hpp"

namespace extrema::train {

/// Text that stands in HTML or in an attribute.
inline std::string html_escape(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '&') result += "&amp;";
    else if (c == '<') result += "&lt;";
    else if (c == '>') result += "&gt;";
    else if (c == '"') result += "&quot;";
    else result += c;
  }
  return result;
}

struct ChartPoint {
  double x = 0;
  double y = 0;  // not a number: the line is interrupted
};

struct ChartSeries {
  std::string name;
  std::vector<ChartPoint> points;
  bool marked = false;  // few points, each with a mark that tells its value
  bool faint = false;   // stands behind the others, in the colour of the next series
};

/// A horizontal line to compare with.
struct ChartLevel {
  std::string name;
  double y = 0;
};

/// Axes with round ticks; labels name quantity and unit: "k-NN accuracy (%)".
struct Chart {
  std::string title;
  std::string x_label, y_label;
  std::vector<ChartSeries> series;
  std::vector<ChartLevel> levels = {};

  std::string svg() const;
  bool empty() const {
    return std::ranges::all_of(series, [](const ChartSeries& s) { return s.points.empty(); });
  }
};

namespace detail {

struct ChartRange {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  void include(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  /// Never empty, with some room around.
  ChartRange padded(double share) const {
    if (!(low <= high)) return {0, 1};
    const double room = high > low ? share * (high - low) : std::max(std::abs(low) * 0.1, 1e-12);
    return {low - room, high + room};
  }
  /// 1, 2 or 5 times a power of ten, so that about `count` ticks fit.
  double tick(double count) const {
    const double raw = (high - low) / count, power = std::pow(10, std::floor(std::log10(raw)));
    const double digit = raw / power;
    return power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
  }
};

/// Draws one chart: maps values to places and collects the elements.
class ChartPainter {
 public:
  explicit ChartPainter(const Chart& chart) : chart_{chart} {
    for (const auto& series : chart.series)
      for (const auto& point : series.points) {
        x_.include(point.x);
        y_.include(point.y);
      }
    for (const auto& level : chart.levels) y_.include(level.y);
    if (x_.low > 0 && x_.low < 0.5 * x_.high) x_.low = 0;  // time begins at the origin
    x_ = x_.padded(0);
    y_ = y_.padded(0.06);
  }

  std::string paint() {
    out_ = text("<svg class=\"chart\" viewBox=\"0 0 ", width, " ", height,
                "\" role=\"img\" aria-label=\"", html_escape(chart_.title), "\">");
    axes();
    for (const auto& level : chart_.levels) paint_level(level);
    int colour = 0;
    for (const auto& series : chart_.series) {
      paint_series(series, colour);
      if (!series.faint) ++colour;
    }
    return out_ + "</svg>";
  }

 private:
  static constexpr double width = 520, height = 300;
  static constexpr double left = 76, right = 508, top = 14, bottom = 252;

  double at_x(double x) const { return left + (x - x_.low) / (x_.high - x_.low) * (right - left); }
  double at_y(double y) const {
    return bottom - (y - y_.low) / (y_.high - y_.low) * (bottom - top);
  }

  void label(double x, double y, const char* anchor, std::string_view words) {
    out_ += text("<text x=\"", x, "\" y=\"", y, "\" text-anchor=\"", anchor, "\">",
                 html_escape(words), "</text>");
  }
  /// Of the i-th tick; the sum makes -0 a 0.
  static std::string tick_text(double i, double step) { return text(i * step + 0.0); }
  void line(const char* kind, double x0, double y0, double x1, double y1) {
    out_ += text("<line class=\"", kind, "\" x1=\"", x0, "\" y1=\"", y0, "\" x2=\"", x1, "\" y2=\"",
                 y1, "\"/>");
  }

  void axes() {
    const double step_y = y_.tick(5), step_x = x_.tick(6);
    for (double i = std::ceil(y_.low / step_y); i * step_y <= y_.high; ++i) {
      line("grid", left, at_y(i * step_y), right, at_y(i * step_y));
      label(left - 8, at_y(i * step_y) + 4, "end", tick_text(i, step_y));
    }
    for (double i = std::ceil(x_.low / step_x); i * step_x <= x_.high * (1 + 1e-9); ++i) {
      line("axis", at_x(i * step_x), bottom, at_x(i * step_x), bottom + 5);
      label(at_x(i * step_x), bottom + 20, "middle", tick_text(i, step_x));
    }
    line("axis", left, bottom, right, bottom);
    label((left + right) / 2, height - 6, "middle", chart_.x_label);
    out_ += text("<text transform=\"translate(14 ", (top + bottom) / 2,
                 ") rotate(-90)\" text-anchor=\"middle\">", html_escape(chart_.y_label), "</text>");
  }

  void paint_level(const ChartLevel& level) {
    line("level", left, at_y(level.y), right, at_y(level.y));
    char value[32];
    std::snprintf(value, sizeof value, "%.4g", level.y);
    label(right, at_y(level.y) - 5, "end", text(level.name, " ", value));
  }

  void paint_series(const ChartSeries& series, int colour) {
    std::string path;
    bool drawing = false;
    for (const auto& [x, y] : series.points) {
      if (std::isfinite(y)) path += text(drawing ? "L" : "M", at_x(x), " ", at_y(y));
      drawing = std::isfinite(y);
    }
    out_ += text("<path class=\"line s", colour % 4, series.faint ? " faint" : "", "\" d=\"", path,
                 "\"/>");
    if (!series.marked) return;
    for (const auto& [x, y] : series.points)
      if (std::isfinite(y))
        out_ += text("<circle class=\"s", colour % 4, "\" cx=\"", at_x(x), "\" cy=\"", at_y(y),
                     "\" r=\"3.5\"><title>", html_escape(text(series.name, ": ", y, " at ", x)),
                     "</title></circle>");
  }

  const Chart& chart_;
  ChartRange x_, y_;
  std::string out_;
};

}  // namespace detail

inline std::string Chart::svg() const { return detail::ChartPainter{*this}.paint(); }

}  // namespace extrema::train
