// SPDX-License-Identifier: MIT
// expected: Extrema: Backbone is not an nn::Backbone, for want of Options, Saved
#include "extrema/mask/disjoint.hpp"
#include "extrema/siamese/extrema.hpp"
using namespace extrema;
struct NotABackbone {
  struct Options {};
};
using Method = siamese::Extrema<NotABackbone, mask::Disjoint>;
Method::Options options;
