// SPDX-License-Identifier: MIT
// expected: a masking policy says how many patches a view keeps
#include "extrema/mask/conformance.hpp"
struct Uncounted {
  void fill(const extrema::mask::Request&, const extrema::mask::Picks&) const {}
};
void test() { extrema::mask::check(Uncounted{}); }
