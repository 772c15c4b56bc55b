// SPDX-License-Identifier: MIT
// expected: a masking policy has a member of the name refuses, promises, needs, scratch or keep_at_least that cannot be called
#include "extrema/mask/conformance.hpp"
using namespace extrema;
struct Policy {
  int keep(Grid grid) const { return grid.size() / 2; }
  void fill(const mask::Request&, const mask::Picks&) const {}
  bool refuses(Grid, int) const { return true; }  // lacks the sentence
};
void check() { mask::check(Policy{}); }
