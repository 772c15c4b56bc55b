// SPDX-License-Identifier: MIT
// Checks any masking policy, a user's own too: counts, range, uniqueness, determinism, and what it
// promises. One line of a test: mask::check(Mine{});   M views, N patches
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "extrema/mask/concepts.hpp"
#include "extrema/mask/drawn.hpp"
#include "extrema/mask/report.hpp"

namespace extrema::mask {

struct ConformanceOptions {
  int images = 4096;           // more find smaller biases, as the root of their number
  std::uint64_t seed = 0;      // of the images' random streams
  double false_alarm = 1e-12;  // how likely an unbiased policy is called biased, at most
};

namespace detail {

inline std::string where(int b, int view) { return text("view ", view, " of image ", b, ": "); }

/// Each view keeps from `least` to `most` patches, all of them written.
inline Report::Row counts(const Drawn& drawn, int least, int most) {
  int lowest = most, highest = 0;
  for (int b = 0; b < drawn.images(); ++b)
    for (int view = 0; view < drawn.views(); ++view) {
      const int count = drawn.count(b, view);
      if (count == Drawn::unwritten)
        return {"counts", false, where(b, view) + "Picks::filled was not called"};
      if (count < least || count > most)
        return {"counts", false,
                text(where(b, view), count, " picks, promised were ", least, " to ", most)};
      for (int i = 0; const std::int32_t patch : drawn.view(b, view)) {
        if (patch <= Drawn::unwritten)
          return {"counts", false,
                  text(where(b, view), "pick ", i, " is missing, of ", count, " promised")};
        ++i;
      }
      lowest = std::min(lowest, count);
      highest = std::max(highest, count);
    }
  return {"counts", true,
          lowest == highest
              ? text(lowest, " of ", drawn.grid().size(), " patches")
              : text(lowest, " to ", highest, " of ", drawn.grid().size(), " patches")};
}

/// Each pick is a patch of the grid, and no view has one twice.
inline Report::Row patches(const Drawn& drawn) {
  const int size = drawn.grid().size();
  std::vector<char> seen(static_cast<std::size_t>(size));
  for (int b = 0; b < drawn.images(); ++b)
    for (int view = 0; view < drawn.views(); ++view) {
      std::ranges::fill(seen, char{0});
      for (const std::int32_t patch : drawn.view(b, view)) {
        if (patch < 0 || patch >= size)
          return {"patches", false,
                  text(where(b, view), "patch ", patch, " is outside a grid of ", size)};
        if (std::exchange(seen[static_cast<std::size_t>(patch)], char{1}))
          return {"patches", false, text(where(b, view), "patch ", patch, " is seen twice")};
      }
    }
  return {"patches", true, "inside the grid, no view has one twice"};
}

/// How many views of each image show each patch: none of two views, all of one.
inline void sharing(const Drawn& drawn, Promises promises, Report& report) {
  std::vector<int> shown(static_cast<std::size_t>(drawn.grid().size()));
  std::string twice, never;
  for (int b = 0; b < drawn.images() && (twice.empty() || never.empty()); ++b) {
    std::ranges::fill(shown, 0);
    for (int view = 0; view < drawn.views(); ++view)
      for (const std::int32_t patch : drawn.view(b, view)) ++shown[static_cast<std::size_t>(patch)];
    for (std::size_t patch = 0; patch < shown.size(); ++patch) {
      if (shown[patch] > 1 && twice.empty())
        twice = text("image ", b, ": ", shown[patch], " views show patch ", patch);
      if (shown[patch] == 0 && never.empty())
        never = text("image ", b, ": no view shows patch ", patch);
    }
  }
  const auto add = [&](const char* name, bool promised, const std::string& against) {
    report.rows.push_back({name, !promised || against.empty(),
                           against.empty() ? std::string{"yes"}
                           : promised      ? against
                                           : std::string{"no, and not promised"}});
  };
  add("disjoint", promises.disjoint, twice);
  add("covering", promises.covering, never);
}

/// (M, N) the share of the images whose view shows the patch.
inline std::vector<double> shares(const Drawn& drawn) {
  const auto size = static_cast<std::size_t>(drawn.grid().size());
  std::vector<double> all(static_cast<std::size_t>(drawn.views()) * size);
  for (int b = 0; b < drawn.images(); ++b)
    for (int view = 0; view < drawn.views(); ++view)
      for (const std::int32_t patch : drawn.view(b, view))
        all[static_cast<std::size_t>(view) * size + static_cast<std::size_t>(patch)] +=
            1.0 / drawn.images();
  return all;
}

/// How far a view's share of a patch may be from what an unbiased policy's is on average, by
/// Bernstein's inequality for the mean of Y = [the view shows the patch] - count / N, which is 0 on
/// average and within [-1, 1]; all M N of them are allowed to differ so at once.
inline double tolerance(const Drawn& drawn, int view, double false_alarm) {
  const double size = drawn.grid().size(), images = drawn.images();
  double mean = 0, square = 0;  // of count / N
  bool varies = false;
  for (int b = 0; b < drawn.images(); ++b) {
    const double part = drawn.count(b, view) / size;
    mean += part / images;
    square += part * part / images;
    varies = varies || drawn.count(b, view) != drawn.count(0, view);
  }
  const double variance = varies ? std::min(1.0, mean + square) : mean * (1 - mean);
  const double log = std::log(2 * size * drawn.views() / false_alarm), third = log / (3 * images);
  return third + std::sqrt(third * third + 2 * variance * log / images);
}

/// The patch whose share is furthest from its view's average, in terms of the tolerance.
inline Report::Row bias(const Drawn& drawn, const std::vector<double>& shares, bool promised,
                        double false_alarm) {
  const Grid grid = drawn.grid();
  const auto size = static_cast<std::size_t>(grid.size());
  double worst = -1;
  std::string found;
  for (int view = 0; view < drawn.views(); ++view) {
    const std::span share{shares.data() + static_cast<std::size_t>(view) * size, size};
    double mean = 0;
    for (const double s : share) mean += s / static_cast<double>(size);
    const double allowed = tolerance(drawn, view, false_alarm);
    for (std::size_t patch = 0; patch < size; ++patch) {
      const double deviation = std::abs(share[patch] - mean);
      if (deviation / allowed <= worst) continue;
      worst = deviation / allowed;
      found = text("view ", view, " shows patch ", patch, " (row ",
                   patch / static_cast<std::size_t>(grid.width), ", column ",
                   patch % static_cast<std::size_t>(grid.width), ") with a share of ", share[patch],
                   ", ", mean, " +- ", allowed, " if none is preferred");
    }
  }
  if (worst <= 1) return {"unbiased", true, "no more than chance: " + found};
  return {"unbiased", !promised, promised ? found : "no, and not promised: " + found};
}

/// The outermost patches beside all others.
inline Report::Row edges(const Report& report) {
  const auto [height, width] = report.grid;
  double sum[2] = {}, count[2] = {};
  for (int patch = 0; patch < height * width; ++patch) {
    const int row = patch / width, column = patch % width;
    const bool edge = row == 0 || row == height - 1 || column == 0 || column == width - 1;
    sum[edge] += report.visibility[static_cast<std::size_t>(patch)];
    ++count[edge];
  }
  if (count[0] == 0) return {"edges", true, "all patches lie at an edge"};
  return {"edges", true,
          text("patches there are seen with a share of ", sum[1] / count[1], ", others ",
               sum[0] / count[0])};
}

/// A second time, in another order and with other rubbish in memory, the views are the same; and an
/// unbiased policy's differ between images.
template <Policy P>
Report::Row repeats(const P& policy, Drawn& drawn, Promises promises, std::uint64_t seed) {
  for (int b = std::min(drawn.images(), 512) - 1; b >= 0; --b) {
    drawn.draw(policy, b, seed, 1);
    if (!drawn.same(b))
      return {"repeats", false,
              text("image ", b, " was given other views for the same request: draw from",
                   " Request::random only, and read only what was written")};
  }
  // (Image 0 was drawn last.)
  int others = 0;
  for (int b = 1; b < drawn.images(); ++b) others += !drawn.same(b);
  const bool all = drawn.count(0, 0) == drawn.grid().size();
  return {"repeats", others > 0 || all || !promises.unbiased || drawn.images() < 100,
          text("the same request gives the same views; ", others, " of ", drawn.images() - 1,
               " images have others than image 0")};
}

}  // namespace detail

/// Draws the views of many images and tells what they are like. A policy that refuses the grid or
/// the views is not asked to fill any: the report says so, and is ok. What is not promised is told,
/// not judged.
template <Policy P>
Report conformance(const P& policy, Grid grid, int views, const ConformanceOptions& options = {}) {
  Report report{.grid = grid, .views = views, .images = options.images};
  report.refused = refusal(policy, grid, views);
  if (!report.refused.empty()) return report;
  const int most = keep_at_most(policy, grid), least = keep_at_least(policy, grid);
  const Promises promises = mask::promises(policy, grid, views);
  const auto judge = [&](Report::Row row) {
    report.rows.push_back(std::move(row));
    return report.rows.back().ok;
  };

  Drawn drawn{grid, views, most, options.images};
  try {
    for (int b = 0; b < options.images; ++b) {
      drawn.draw(policy, b, options.seed, 0);
      drawn.keep(b);
    }
    judge({"memory", !drawn.stray(),
           drawn.stray() ? "fill writes outside its scratch or its views' places"
                         : "nothing is written outside what is given"});
    if (!judge(detail::counts(drawn, least, most)) || !judge(detail::patches(drawn))) return report;
    judge(detail::repeats(policy, drawn, promises, options.seed));
  } catch (const std::exception& error) {
    judge({"fill", false, text("throws: ", error.what())});
    return report;
  }

  detail::sharing(drawn, promises, report);
  const std::vector<double> shares = detail::shares(drawn);
  judge(detail::bias(drawn, shares, promises.unbiased, options.false_alarm));
  const auto size = static_cast<std::size_t>(grid.size());
  report.visibility.resize(size);
  for (std::size_t i = 0; i < shares.size(); ++i) report.visibility[i % size] += shares[i] / views;
  judge(detail::edges(report));
  return report;
}

/// Grids that find most mistakes: tiny, of odd sides, narrow, usual.
inline constexpr Grid trying_grids[] = {{2, 2}, {1, 7}, {3, 5}, {5, 3}, {7, 7}, {8, 12}, {14, 14}};

/// conformance() on each grid. Throws Error, in one line, at the first that fails, or if the policy
/// refuses them all. Returns the reports.
template <Policy P>
std::vector<Report> check(const P& policy, int views = 2, const ConformanceOptions& options = {},
                          std::span<const Grid> grids = trying_grids) {
  is_policy<P>();  // all that it has, too, can be called
  std::vector<Report> reports;
  bool accepted = false;
  for (const Grid grid : grids) {
    reports.push_back(conformance(policy, grid, views, options));
    const Report& report = reports.back();
    if (!report.ok())
      throw Error{"mask::check: ", views, " views of a grid of ", grid.height, " x ",
                  grid.width,      ": ",  report.faults()};
    accepted = accepted || report.refused.empty();
  }
  if (!accepted)
    throw Error{"mask::check: the policy refuses every grid, the last with: ",
                reports.empty() ? std::string{"none given"} : reports.back().refused};
  return reports;
}

/// What is not a policy is one compile error that says what is missing.
template <class P>
requires(!Policy<P>) void check(const P&, auto&&...) { is_policy<P>(); }
template <class P>
requires(!Policy<P>) Report conformance(const P&, auto&&...) {
  is_policy<P>();
  return {};
}

}  // namespace extrema::mask
