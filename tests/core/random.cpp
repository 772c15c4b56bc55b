// SPDX-License-Identifier: MIT
// The counter-based generator draws what was published.
#include "extrema/core/random.hpp"

#include <doctest/doctest.h>

using namespace extrema;

TEST_CASE("philox 4x32-10 gives the published vectors") {
  using random::philox;
  CHECK(philox({0, 0, 0, 0}, {0, 0}) ==
        random::Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}) ==
        random::Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        random::Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
  static_assert(philox({0, 0, 0, 0}, {0, 0})[0] == 0x6627e8d5);
}
