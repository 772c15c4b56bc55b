// SPDX-License-Identifier: MIT
// expected: Mask is not a mask::Policy\|a masking policy says how many patches a view keeps
#include "extrema/mask/disjoint.hpp"
#include "extrema/siamese/extrema.hpp"
struct Boundless {
  void fill(const extrema::mask::Request&, const extrema::mask::Picks&) const {}
};
using Method = extrema::siamese::Extrema<extrema::nn::Vit<extrema::nn::VitShape{}>, Boundless>;
Method::Options options;
