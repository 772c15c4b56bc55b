// SPDX-License-Identifier: MIT
// A run as one HTML file that needs nothing else: curves, images, results, configuration.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "extrema/io/atomic_file.hpp"
#include "extrema/train/report_chart.hpp"
#include "extrema/train/report_style.hpp"

namespace extrema::train {

/// A picture: the bytes of a PNG file, however they were made, and what stands below it.
struct ReportImage {
  std::string png;
  std::string caption = {};
};

/// One bar of a comparison; the chosen one is what the report is about.
struct ReportResult {
  std::string name;
  double value = 0;  // from 0 to 100
  bool chosen = false;
};

/// RFC 4648, as images stand in HTML.
inline std::string base64(std::string_view bytes) {
  static constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string result;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t word = 0;
    for (std::size_t k = 0; k < 3; ++k)
      word = word << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    for (std::size_t k = 0; k < 4; ++k)
      result += i + k > bytes.size() ? '=' : letters[word >> (18 - 6 * k) & 63u];
  }
  return result;
}

/// Filled from top to bottom, then written. All text is escaped.
class Report {
 public:
  explicit Report(std::string title, std::string_view introduction = {})
      : title_{html_escape(title)} {
    body_ = text("<h1>", title_, "</h1>");
    paragraph(introduction);
  }

  /// A heading, and what there is to say below it.
  Report& section(std::string_view title, std::string_view words = {}) {
    body_ += text("<h2>", html_escape(title), "</h2>");
    return paragraph(words);
  }
  Report& paragraph(std::string_view words) {
    if (!words.empty()) body_ += text("<p>", html_escape(words), "</p>");
    return *this;
  }

  /// What is to be seen first: {{"k-NN accuracy", "80.3 %"}, {"images/s", "1,240"}}.
  Report& facts(const std::vector<std::pair<std::string, std::string>>& facts) {
    body_ += "<div class=\"facts\">";
    for (const auto& [name, value] : facts)
      body_ += text("<div class=\"card\"><b>", html_escape(value), "</b><span>", html_escape(name),
                    "</span></div>");
    body_ += "</div>";
    return *this;
  }

  /// Bars from 0 to 100, as of accuracies in per cent.
  Report& results(std::string_view quantity, std::span<const ReportResult> results) {
    body_ += text("<div class=\"card scroll\"><table class=\"results\"><tr><th></th><th>",
                  html_escape(quantity), "</th><th></th></tr>");
    for (const auto& [name, value, chosen] : results) {
      char digits[32];
      std::snprintf(digits, sizeof digits, "%.1f", value);
      body_ += text("<tr", chosen ? " class=\"chosen\"" : "", "><td>", html_escape(name),
                    "</td><td class=\"number\">", digits,
                    "</td><td class=\"bar\"><i style=\"width:", value, "%\"></i></td></tr>");
    }
    body_ += "</table></div>";
    return *this;
  }

  Report& table(const std::vector<std::string>& head,
                const std::vector<std::vector<std::string>>& rows) {
    body_ += "<div class=\"card scroll\"><table>";
    row("th", head);
    for (const auto& cells : rows) row("td", cells);
    body_ += "</table></div>";
    return *this;
  }

  /// Charts side by side where there is room; those without points are left out.
  Report& charts(std::span<const Chart> charts) {
    body_ += "<div class=\"charts\">";
    for (const Chart& chart : charts)
      if (!chart.empty())
        body_ += text("<div class=\"card\"><h3>", html_escape(chart.title), "</h3>", legend(chart),
                      chart.svg(), "</div>");
    body_ += "</div>";
    return *this;
  }

  /// Images in rows, under the names of the columns: an image, its views, its attention.
  Report& gallery(const std::vector<std::string>& columns,
                  std::span<const std::vector<ReportImage>> rows) {
    body_ += "<div class=\"card scroll\"><table class=\"gallery\">";
    row("th", columns);
    for (const auto& images : rows) {
      body_ += "<tr>";
      for (const auto& [png, caption] : images)
        body_ +=
            text("<td><figure><img alt=\"", html_escape(caption), "\" src=\"data:image/png;base64,",
                 base64(png), "\">", caption.empty() ? "" : "<figcaption>", html_escape(caption),
                 caption.empty() ? "" : "</figcaption>", "</figure></td>");
      body_ += "</tr>";
    }
    body_ += "</table></div>";
    return *this;
  }

  /// Nested objects become names with dots.
  Report& configuration(const nlohmann::ordered_json& values) {
    body_ += "<div class=\"card\"><div class=\"configuration\">";
    entries("", values);
    body_ += "</div></div>";
    return *this;
  }

  std::string html() const {
    return text("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">",
                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">",
                "<title>", title_, "</title><style>", report_style, "</style></head>\n<body><main>",
                body_, "<footer>Written by extrema, a C++ library for masked siamese ",
                "representation learning.</footer></main></body></html>\n");
  }
  void write(const std::string& path) const { io::write_atomically(path, html()); }

 private:
  void row(std::string_view kind, const std::vector<std::string>& cells) {
    body_ += "<tr>";
    for (const auto& cell : cells)
      body_ += text("<", kind, ">", html_escape(cell), "</", kind, ">");
    body_ += "</tr>";
  }

  static std::string legend(const Chart& chart) {
    if (chart.series.size() < 2) return "";
    std::string result = "<div class=\"legend\">";
    int colour = 0;
    for (const auto& series : chart.series) {
      result += text("<span><i class=\"s", colour % 4, series.faint ? " faint" : "", "\"></i>",
                     html_escape(series.name), "</span>");
      if (!series.faint) ++colour;
    }
    return result + "</div>";
  }

  void entries(const std::string& prefix, const nlohmann::ordered_json& values) {
    for (const auto& [key, value] : values.items()) {
      const std::string name = prefix.empty() ? key : text(prefix, ".", key);
      if (value.is_object()) entries(name, value);
      else
        body_ += text("<div><span>", html_escape(name), "</span><code>",
                      html_escape(value.is_string() ? value.get<std::string>() : value.dump()),
                      "</code></div>");
    }
  }

  std::string title_, body_;
};

}  // namespace extrema::train
