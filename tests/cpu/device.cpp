// SPDX-License-Identifier: MIT
// Loops that are shared among threads: each iteration once, and what one of them throws.
#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "../io/temporary_folder.hpp"
#include "extrema/cpu/cpu.hpp"

using namespace extrema;

TEST_CASE("libraries see one thread, and all again after an exception") {
  const int before = cpu::Threads::count();
  CHECK(message([] {
          cpu::Threads::alone([] {
            CHECK(cpu::Threads::count() == 1);
            throw Error{"no"};
          });
        }) == "no");
  CHECK(cpu::Threads::count() == before);
}

TEST_CASE("each iteration is done once") {
  cpu::Device device;
  std::vector<int> done(1000);
  cpu::parallel_for(device, 1000, [&](Index i, int) { ++done[static_cast<std::size_t>(i)]; });
  CHECK(std::ranges::count(done, 1) == 1000);
  cpu::parallel_runs(device, 1000, 7, [&](Index first, Index count, int) {
    for (Index i = first; i < first + count; ++i) ++done[static_cast<std::size_t>(i)];
  });
  CHECK(std::ranges::count(done, 2) == 1000);
}

TEST_CASE("what an iteration throws arrives where the loop was called") {
  const auto said = [](auto team) {
    return message([&] {
      team.each(100, [](Index i, int) {
        if (i >= 90) throw Error{"iteration ", i / 10 * 10};
      });
    });
  };
  CHECK(said(cpu::Threads{}) == "iteration 90");
  CHECK(said(cpu::OneThread{}) == "iteration 90");
  CHECK(said(cpu::Threads{}) == "iteration 90");  // and the threads are there again
}
