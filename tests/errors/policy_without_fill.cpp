// SPDX-License-Identifier: MIT
// expected: a masking policy fills views: it needs a member
#include "extrema/cpu/cpu.hpp"
#include "extrema/siamese/packed_views.hpp"
struct Unfilled {
  int keep(extrema::Grid grid) const { return grid.size() / 2; }
};
void views(extrema::siamese::PackedViews<extrema::cpu::Device>& packed) {
  packed.fill(Unfilled{}, {2, 2}, 1, {}, 0, 0);
}
