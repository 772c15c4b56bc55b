// SPDX-License-Identifier: MIT
// A report holds what it was given, asks for nothing from elsewhere, and is not broken by any text.
#include "extrema/train/report.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "../io/temporary_folder.hpp"
#include "extrema/train/report_curves.hpp"

using namespace extrema;
using namespace extrema::train;

namespace {

std::ptrdiff_t count(const std::string& text, const std::string& part) {
  std::ptrdiff_t found = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != text.npos; ++at) ++found;
  return found;
}

std::vector<nlohmann::ordered_json> sample_lines() {
  std::vector<nlohmann::ordered_json> lines;
  for (int step = 1; step <= 2000; ++step) {
    lines.push_back({{"kind", "step"},
                     {"step", step},
                     {"epoch", step / 500.0},
                     {"loss", 3.0 - step / 1000.0},
                     {"gradient_norm", 1.0},
                     {"learning_rate", 1e-3},
                     {"weight_decay", 0.1},
                     {"momentum", 0.996}});
    if (step % 500 == 0)
      lines.push_back({{"kind", "epoch"},
                       {"step", step},
                       {"epoch", step / 500},
                       {"loss", 2.0},
                       {"knn_teacher", 0.5 + step / 10000.0}});
  }
  return lines;
}

}  // namespace

TEST_CASE("base64 as in RFC 4648, section 10") {
  CHECK(base64("") == "");
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foo") == "Zm9v");
  CHECK(base64("foobar") == "Zm9vYmFy");
  CHECK(base64("\xFF\xFE\xFB") == "//77");
}

TEST_CASE("everything that was given is there, escaped, and nothing is fetched") {
  const TemporaryFolder folder;
  const auto lines = sample_lines();
  Report report{"Run <1>", "A & B"};
  report.facts({{"k-NN accuracy", "80.3 %"}})
      .section("Results", "\"quoted\"")
      .results("accuracy (%)",
               std::vector<ReportResult>{{"pretrained", 80.26, true}, {"<raw>", 83}})
      .charts(run_charts(lines, {{"raw pixels", 83.4}}))
      .gallery({"image", "view"}, std::vector<std::vector<ReportImage>>{{{"foo", "no. 1"}, {"fo"}}})
      .table({"file"}, {{"a<b"}})
      .configuration({{"model", {{"dim", 96}}}, {"loss", "infonce"}});
  report.write(folder / "report.html");
  const std::string html = read_file(folder / "report.html");
  CHECK(html == report.html());
  for (const char* part :
       {"<title>Run &lt;1&gt;</title>", "A &amp; B", "80.3 %", "&quot;quoted&quot;", "&lt;raw&gt;",
        "width:80.26%", "data:image/png;base64,Zm9v\"", "no. 1", "a&lt;b", "model.dim", ">96<",
        "infonce", "raw pixels 83.4", "accuracy (%)", "prefers-color-scheme: dark"})
    CHECK_MESSAGE(contains(html, part), part);
  CHECK(count(html, "<svg") == 5);
  CHECK(!contains(html, "<raw>"));
  for (const char* part :
       {"http:", "https:", "url(", "<script", "<link", "@import", "nan", "inf\""})
    CHECK_MESSAGE(!contains(html, part), part);
}

TEST_CASE("the charts of a run") {
  const auto charts = run_charts(sample_lines());
  REQUIRE(charts.size() == 5);  // weight decay does not change
  CHECK(charts[0].series[0].points.size() == 600);
  CHECK(charts[0].series[0].points.back().y == doctest::Approx(1.0).epsilon(0.01));
  CHECK(charts[0].series[1].points[300].y ==
        doctest::Approx(charts[0].series[0].points[300].y).epsilon(1e-3));
  REQUIRE(charts[1].series.size() == 1);
  CHECK(charts[1].series[0].name == "teacher");
  CHECK(charts[1].series[0].points.size() == 4);
  CHECK(charts[1].series[0].points[3].y == doctest::Approx(70));
  CHECK(count(charts[1].svg(), "<circle") == 4);

  const auto nothing = run_charts({});
  for (const Chart& chart : nothing) CHECK(chart.empty());
}

TEST_CASE("a chart of hard values: gaps, one point, a constant, huge and tiny numbers") {
  const auto drawn = [](std::vector<ChartPoint> points) {
    const Chart chart{"t", "x", "y", {{"s", std::move(points)}}};
    const std::string svg = chart.svg();
    CHECK(!contains(svg, "nan"));
    CHECK(!contains(svg, "inf"));
    CHECK(count(svg, "<text") < 40);
    return svg;
  };
  const std::string gap = drawn({{0, 1}, {1, NAN}, {2, 3}, {3, 4}, {4, INFINITY}});
  const std::size_t path = gap.find("d=\"");
  CHECK(count(gap.substr(path), "M") == 2);
  CHECK(count(gap.substr(path), "L") == 1);
  CHECK(contains(drawn({{1, 5}}), "M"));
  drawn({});
  drawn({{0, 0}, {1, 0}});
  drawn({{0, 1e30}, {1, -1e30}});
  drawn({{0, 1e-30}, {1, 2e-30}});
  CHECK(!contains(drawn({{0, -1}, {1, 1}}), ">-0<"));
}
