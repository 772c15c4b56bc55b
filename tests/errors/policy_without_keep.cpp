// SPDX-License-Identifier: MIT
// expected: a masking policy says how many patches a view keeps
#include "extrema/cpu/cpu.hpp"
#include "extrema/siamese/packed_views.hpp"
struct Uncounted {
  void fill(const extrema::mask::Request&, const extrema::mask::Picks&) const {}
};
void views(extrema::siamese::PackedViews<extrema::cpu::Device>& packed) {
  packed.fill(Uncounted{}, {2, 2}, 1, {}, 0, 0);
}
