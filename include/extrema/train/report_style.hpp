// SPDX-License-Identifier: MIT
// How a report looks: one style sheet for light and dark screens, and for paper.
#pragma once

#include <string_view>

namespace extrema::train {

inline constexpr std::string_view report_style = R"css(
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --ink: #1c2530; --quiet: #5d6b7a; --rule: #dfe4ea;
  --s0: #2563eb; --s1: #d97706; --s2: #0d9488; --s3: #9333ea;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12161c; --card: #1a2028; --ink: #e6ebf1; --quiet: #95a3b3; --rule: #2d3742;
    --s0: #6ea8fe; --s1: #f5b04c; --s2: #4fd1c0; --s3: #c79bff;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
main { max-width: 1120px; margin: 0 auto; padding: 40px 24px 64px; }
h1 { font-size: 30px; line-height: 1.2; letter-spacing: -0.02em; margin: 0 0 6px; }
h2 { font-size: 20px; letter-spacing: -0.01em; margin: 44px 0 4px; }
h2 + div { margin-top: 12px; }
h3 { font-size: 15px; margin: 0 0 8px; }
p { margin: 0 0 14px; color: var(--quiet); max-width: 76ch; }
.card { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 16px; }
.facts { display: grid; gap: 12px; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); margin: 24px 0 0; }
.facts .card { padding: 12px 16px; }
.facts b { display: block; font-size: 24px; letter-spacing: -0.02em; font-variant-numeric: tabular-nums; }
.facts span { color: var(--quiet); font-size: 14px; }
.charts { display: grid; gap: 16px; grid-template-columns: repeat(auto-fit, minmax(min(420px, 100%), 1fr)); }
.chart { display: block; width: 100%; height: auto; }
.chart text { fill: var(--quiet); font-size: 12px; font-variant-numeric: tabular-nums; }
.chart line { stroke-width: 1; }
.chart .grid { stroke: var(--rule); }
.chart .axis { stroke: var(--quiet); }
.chart .level { stroke: var(--quiet); stroke-dasharray: 5 4; }
.chart .line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
.chart .faint { stroke-width: 1; opacity: 0.35; }
.chart .line.s0 { stroke: var(--s0); } .chart circle.s0 { fill: var(--s0); }
.chart .line.s1 { stroke: var(--s1); } .chart circle.s1 { fill: var(--s1); }
.chart .line.s2 { stroke: var(--s2); } .chart circle.s2 { fill: var(--s2); }
.chart .line.s3 { stroke: var(--s3); } .chart circle.s3 { fill: var(--s3); }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; font-size: 13px; color: var(--quiet); }
.legend i { display: inline-block; width: 14px; height: 3px; border-radius: 2px; margin-right: 6px; vertical-align: middle; }
.legend .s0 { background: var(--s0); } .legend .s1 { background: var(--s1); }
.legend .s2 { background: var(--s2); } .legend .s3 { background: var(--s3); }
.legend .faint { opacity: 0.35; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 15px; }
th { text-align: left; font-weight: 600; font-size: 13px; color: var(--quiet); }
th, td { padding: 7px 14px 7px 0; border-bottom: 1px solid var(--rule); vertical-align: middle; }
tr:last-child td { border-bottom: 0; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.results th { white-space: nowrap; }
.results td { white-space: nowrap; width: 1%; }
.results th:nth-child(2) { text-align: right; }
.results td.bar { width: auto; padding-right: 0; }
td.bar i { display: block; height: 12px; border-radius: 3px; background: var(--quiet); opacity: 0.45; }
tr.chosen td { font-weight: 600; }
tr.chosen td.bar i { background: var(--s0); opacity: 1; }
.gallery { border-spacing: 0; width: auto; }
.gallery th, .gallery td { border: 0; padding: 0 8px 8px 0; text-align: center; vertical-align: top; font-size: 13px; color: var(--quiet); }
.gallery th { font-weight: 400; }
.gallery img { display: block; width: 84px; height: auto; border-radius: 6px; image-rendering: pixelated; background: var(--rule); }
.gallery figcaption { margin-top: 3px; }
.gallery figure { margin: 0; }
code { font: 13px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.configuration { columns: 2 360px; column-gap: 40px; }
.configuration div { display: flex; justify-content: space-between; gap: 16px; break-inside: avoid; padding: 3px 0; border-bottom: 1px solid var(--rule); }
.configuration span { color: var(--quiet); font-size: 14px; }
.configuration code { text-align: right; }
footer { margin-top: 48px; font-size: 13px; color: var(--quiet); }
@media print { body { background: none; } .card { break-inside: avoid; } }
)css";

}  // namespace extrema::train
