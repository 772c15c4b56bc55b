// SPDX-License-Identifier: MIT
// Policies and their combinators ask for no memory.
#include <doctest/doctest.h>

#include <cstdlib>
#include <new>
#include <vector>

#include "extrema/mask/catalogue.hpp"
#include "extrema/mask/complement.hpp"
#include "extrema/mask/per_view.hpp"
#include "extrema/mask/schedule.hpp"

static long allocations = 0;
// (Not inlined, or g++ takes the pairs of new and free for mistakes.)
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  return std::malloc(size);
}
[[gnu::noinline]] void operator delete(void* pointer) noexcept { std::free(pointer); }
[[gnu::noinline]] void operator delete(void* pointer, std::size_t) noexcept { std::free(pointer); }

using namespace extrema;
using namespace extrema::mask;

template <Policy P>
long allocations_of(const P& policy) {
  constexpr Grid grid{14, 14};
  constexpr int views = 4;
  require(policy, grid, views);
  const int most = keep_at_most(policy, grid);
  std::vector<std::int32_t> picks(static_cast<std::size_t>(views * most)), counts(views),
      scratch(static_cast<std::size_t>(scratch_size(policy, grid, views)));
  const long before = allocations;
  for (std::uint32_t sample = 0; sample < 20; ++sample) {
    random::Stream random{1, random::Purpose::mask, 0, sample};
    fill_views(policy,
               {.grid = grid, .random = random, .progress = sample / 20.0, .scratch = scratch},
               {picks.data(), most, views, most, counts.data()});
  }
  return allocations - before;
}

TEST_CASE("no allocation in fill, from the first on") {
  CHECK(allocations_of(Disjoint{}) == 0);
  CHECK(allocations > 0);  // they are counted
  for (const Entry& entry : catalogue) {
    CAPTURE(entry.name);
    CHECK(allocations_of(make(entry.name)) == 0);
  }
  CHECK(allocations_of(Complement{BlockWise{}}) == 0);
  CHECK(allocations_of(Schedule<Disjoint>{.to = 0.9}) == 0);
  CHECK(allocations_of(PerView{Share{1, InverseBlock{}}, Share{3, Complement{GridSample{}}}}) == 0);
}
