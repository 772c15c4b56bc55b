// SPDX-License-Identifier: MIT
// expected: a masking policy has both keep and keep_at_most
#include "extrema/mask/conformance.hpp"
#include "extrema/mask/disjoint.hpp"
using namespace extrema;
struct Policy : mask::Disjoint {
  int keep_at_most(Grid grid) const { return grid.size() / 2; }
  void fill(const mask::Request&, const mask::Picks&) const {}
};
void check() { mask::check(Policy{}); }
