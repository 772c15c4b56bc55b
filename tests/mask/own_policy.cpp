// SPDX-License-Identifier: MIT
// The policies that docs/masking.md writes, as a researcher would: they compile and pass the
// checks.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "extrema/mask/complement.hpp"
#include "extrema/mask/conformance.hpp"
#include "extrema/mask/ratio.hpp"

using namespace extrema;

// A view sees two neighbouring columns, which may go on at the other edge.
struct Columns {
  int keep(Grid grid) const { return 2 * grid.height; }

  void fill(const mask::Request& request, const mask::Picks& picks) const {
    const int width = request.grid.width;
    for (int view = 0; view < picks.views(); ++view) {
      const int first = static_cast<int>(request.random.below(static_cast<std::uint32_t>(width)));
      for (int i = 0; i < picks.keep(); ++i)
        picks.at(view, i) = i / 2 * width + (first + i % 2) % width;
    }
  }

  std::string refuses(Grid grid, int) const {
    return grid.width < 3 ? "two columns of fewer than three hide nothing: take a wider grid" : "";
  }
  mask::Promises promises(Grid, int) const { return {.unbiased = true}; }
};

TEST_CASE("columns") {
  CHECK_NOTHROW(mask::check(Columns{}, 4));
  CHECK_NOTHROW(mask::check(mask::Complement{Columns{}}));
  CHECK(mask::conformance(Columns{}, {2, 2}, 1).refused.starts_with("two columns of fewer"));
}

// A view sees what the teacher looks at least (AttMask, arXiv 2203.12719).
struct LeastAttended {
  double ratio = 0.7;

  int keep(Grid grid) const { return mask::kept(ratio, grid.size()); }
  mask::Needs needs() const { return {.attention = true}; }

  void fill(const mask::Request& request, const mask::Picks& picks) const {
    const auto order = request.scratch;
    std::iota(order.begin(), order.end(), 0);
    std::ranges::sort(order, {}, [&](std::int32_t patch) {
      return std::pair{request.attention[static_cast<std::size_t>(patch)], patch};
    });
    for (int view = 0; view < picks.views(); ++view)
      std::copy_n(order.begin(), picks.keep(), picks[view].begin());
  }
};

TEST_CASE("least attended") {
  CHECK_NOTHROW(mask::check(LeastAttended{}));
  std::vector<std::int32_t> scratch(4), picks(1);
  const std::vector<float> attention{0.4f, 0.1f, 0.3f, 0.2f};
  random::Stream random{0, random::Purpose::mask, 0, 0};
  LeastAttended{}.fill(
      {.grid = {2, 2}, .random = random, .scratch = scratch, .attention = attention},
      {picks.data(), 1, 1, 1});
  CHECK(picks[0] == 1);
}
