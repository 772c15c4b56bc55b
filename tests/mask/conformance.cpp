// SPDX-License-Identifier: MIT
// The conformance kit passes a researcher's own policy and catches planted faults.
#include "extrema/mask/conformance.hpp"

#include <doctest/doctest.h>

#include <numeric>
#include <string>

#include "extrema/mask/disjoint.hpp"

using namespace extrema;
using mask::Picks;
using mask::Promises;
using mask::Request;

/// Every other patch, as on a board; odd views see the other colour.
struct Checkerboard {
  int keep(Grid grid) const { return grid.size() / 2; }
  void fill(const Request& request, const Picks& picks) const {
    for (int view = 0; view < picks.views(); ++view)
      for (int patch = 0, i = 0; i < picks.keep(); ++patch)
        if ((patch / request.grid.width + patch % request.grid.width + view) % 2 == 0)
          picks.at(view, i++) = patch;
  }
};

/// A disjoint policy with one fault.
template <class Fault>
struct Faulty : mask::Disjoint {
  Fault fault{};
  void fill(const Request& request, const Picks& picks) const {
    mask::Disjoint::fill(request, picks);
    fault(request, picks);
  }
};
template <class Fault>
Faulty(mask::Disjoint, Fault) -> Faulty<Fault>;

/// The faults that are found of 2 views of 13 of 70 patches.
template <class Fault>
std::string found(const Fault& fault) {
  return mask::conformance(Faulty{mask::Disjoint{}, fault}, {7, 10}, 2).faults();
}

TEST_CASE("an own policy in one line, promising nothing and promising") {
  CHECK_NOTHROW(mask::check(Checkerboard{}));
  struct Board : Checkerboard {
    Promises promises(Grid grid, int views) const {
      return {.disjoint = views <= 2, .covering = views == 2 && grid.size() % 2 == 0};
    }
  };
  CHECK_NOTHROW(mask::check(Board{}));
  CHECK_NOTHROW(mask::check(Board{}, 1));
  const mask::Report report = mask::conformance(Board{}, {2, 4}, 2, {.images = 8});
  CHECK(report.ok());
  CHECK(
      report.text().starts_with("2 views of a grid of 2 x 4, 8 images\n"
                                "  ok     memory      nothing is written outside"));
  CHECK(report.text().find("  ok     covering    yes\n") != std::string::npos);
  CHECK(report.map() == "  50  50  50  50\n  50  50  50  50\n");
}

TEST_CASE("faults of single views") {
  CHECK(found([](const Request&, const Picks&) {}) == "");
  CHECK(found([](const Request&, const Picks& picks) { picks.at(1, 3) = 70; }) ==
        "patches: view 1 of image 0: patch 70 is outside a grid of 70");
  CHECK(found([](const Request&, const Picks& picks) { picks.at(1, 3) = -1; }) ==
        "patches: view 1 of image 0: patch -1 is outside a grid of 70");
  CHECK(found([](const Request&, const Picks& picks) {
          picks.at(0, 3) = picks.at(0, 4);
        }).ends_with("is seen twice"));
  CHECK(found([](const Request& request, const Picks&) {
          throw Error{"of ", request.grid.size()};
        }) == "fill: throws: of 70");
}

TEST_CASE("promises that are not kept") {
  CHECK(found([](const Request&, const Picks& picks) {
          picks.at(1, 0) = picks.at(0, 0);
        }).starts_with("disjoint: image 0: 2 views show patch "));
  struct Covering : mask::Disjoint {
    Promises promises(Grid, int) const { return {.covering = true}; }
  };
  CHECK(mask::conformance(Covering{}, {7, 10}, 2)
            .faults()
            .starts_with("covering: image 0: no view shows patch "));
  const Covering exact{{.ratio = 0.8, .rounding = mask::Rounding::nearest}};
  CHECK(mask::conformance(exact, {7, 10}, 5).faults() == "");
}

TEST_CASE("a preference for some patches") {
  // The last column is never seen, as with an exclusive bound.
  struct Bounded {
    int keep(Grid) const { return 1; }
    Promises promises(Grid, int) const { return {.unbiased = true}; }
    void fill(const Request& request, const Picks& picks) const {
      const auto [height, width] = request.grid;
      for (int view = 0; view < picks.views(); ++view)
        picks.at(view, 0) =
            static_cast<int>(request.random.below(static_cast<std::uint32_t>(height))) * width +
            static_cast<int>(request.random.below(static_cast<std::uint32_t>(width - 1)));
    }
  };
  const mask::Report bounded = mask::conformance(Bounded{}, {3, 5}, 1);
  CHECK(bounded.faults().starts_with("unbiased: view 0 shows patch "));
  CHECK(bounded.visibility[4] == 0);
  // Only the second view prefers patch 0, by a half more than all others.
  CHECK(found([](const Request& request, const Picks& picks) {
          if (request.random.below(10) != 0) return;
          for (int view = 0; view < picks.views(); ++view)
            for (const std::int32_t patch : picks[view])
              if (patch == 0) return;
          picks.at(1, 0) = 0;
        }).starts_with("unbiased: view 1 shows patch 0 (row 0, column 0) with a share of 0.2"));
  // The same for all images.
  struct Constant : Checkerboard {
    Promises promises(Grid, int) const { return {.unbiased = true}; }
  };
  const std::string constant = mask::conformance(Constant{}, {4, 4}, 2).faults();
  CHECK(constant.find("repeats: ") != std::string::npos);
  CHECK(constant.find("unbiased: ") != std::string::npos);
}

TEST_CASE("no false alarm, whatever the seed") {
  for (std::uint64_t seed = 0; seed < 50; ++seed)
    CHECK(mask::conformance(mask::Disjoint{}, {7, 7}, 5, {.images = 512, .seed = seed}).ok());
}

TEST_CASE("what depends on more than the request") {
  int counter = 0;
  CHECK(found([&counter](const Request&, const Picks& picks) {
          std::swap(picks.at(0, 0), picks.at(0, 1 + counter++ % 3));
        }).find("was given other views for the same request") != std::string::npos);
  struct Stale : Checkerboard {  // believes that its scratch is zero
    void fill(const Request& request, const Picks& picks) const {
      Checkerboard::fill(request, picks);
      if (request.scratch[0] == 0) std::swap(picks.at(0, 0), picks.at(0, 1));
    }
  };
  CHECK(mask::conformance(Stale{}, {3, 5}, 1).faults().starts_with("repeats: image 511"));
}

TEST_CASE("memory that is not the policy's") {
  CHECK(found([](const Request& request, const Picks&) {
          request.scratch.data()[request.scratch.size()] = 0;
        }) == "memory: fill writes outside its scratch or its views' places");
  CHECK(found([](const Request&, const Picks& picks) { *(picks[0].data() + picks.keep()) = 0; }) ==
        "memory: fill writes outside its scratch or its views' places");
  CHECK(found([](const Request&, const Picks& picks) { *(picks[0].data() - 1) = 0; }) ==
        "memory: fill writes outside its scratch or its views' places");
}

/// Keeps as many as it says, of at most half.
struct Counting {
  int said, written;
  int keep_at_most(Grid grid) const { return grid.size() / 2; }
  int keep_at_least(Grid) const { return 2; }
  void fill(const Request&, const Picks& picks) const {
    for (int view = 0; view < picks.views(); ++view) {
      for (int i = 0; i < written; ++i) picks.at(view, i) = i;
      if (said >= 0) picks.filled(view, said);
    }
  }
};

TEST_CASE("counts") {
  const auto of = [](int said, int written) {
    return mask::conformance(Counting{said, written}, {3, 5}, 2, {.images = 10}).faults();
  };
  CHECK(of(2, 2) == "");
  CHECK(of(7, 7) == "");
  CHECK(of(-1, 7) == "counts: view 0 of image 0: Picks::filled was not called");
  CHECK(of(8, 7) == "counts: view 0 of image 0: 8 picks, promised were 2 to 7");
  CHECK(of(1, 7) == "counts: view 0 of image 0: 1 picks, promised were 2 to 7");
  CHECK(of(5, 4) == "counts: view 0 of image 0: pick 4 is missing, of 5 promised");
  CHECK(mask::conformance(Counting{9, 0}, {1, 1}, 1).refused ==
        "the policy keeps 0 of the 1 patches of a grid of 1 x 1: it must keep from 1 to 1");
}

TEST_CASE("inputs that a policy needs are there") {
  struct Strongest {
    int keep(Grid) const { return 1; }
    mask::Needs needs() const { return {.attention = true}; }
    void fill(const Request& request, const Picks& picks) const {
      const auto strongest = std::ranges::max_element(request.attention);
      for (int view = 0; view < picks.views(); ++view)
        picks.at(view, 0) = static_cast<int>(strongest - request.attention.begin());
    }
  };
  CHECK_NOTHROW(mask::check(Strongest{}));
}

TEST_CASE("check says in one line where it failed") {
  struct Short : Checkerboard {
    void fill(const Request& request, const Picks& picks) const {
      Checkerboard::fill(request, picks);
      if (request.grid.width == 5) picks.at(0, 6) = 15;
    }
  };
  CHECK_THROWS_WITH_AS(mask::check(Short{}),
                       "mask::check: 2 views of a grid of 3 x 5: patches: view 0 of image 0: patch "
                       "15 is outside a grid of 15",
                       Error);
  CHECK_THROWS_AS(mask::check(mask::Disjoint{.ratio = 0.1}), Error);  // refuses every grid
}
