// SPDX-License-Identifier: MIT
// The pretraining steps that are measured, here and by peer_step.py.   B images, V views of n
// tokens, D = width
#pragma once

#include <array>

#include "extrema/core/grid.hpp"
#include "extrema/nn/vit.hpp"

namespace bench {

using extrema::Index;

struct Case {
  const char* name;
  extrema::nn::VitShape shape;
  extrema::ImageExtent image;
  int views;
  int tokens;  // of a view
  Index hidden, projection;
  Index batch;
  int steps;  // measured; the median is reported

  Index patches() const { return image.grid(shape.patch).size(); }
  Index student_tokens() const { return batch * views * tokens; }
  double mask_ratio() const { return 1 - (tokens + 0.5) / static_cast<double>(patches()); }

  /// Floating-point operations of one step: 2 for a multiply-add, backward twice forward; the same
  /// count as in peer_step.py.
  double operations() const {
    const double embed = static_cast<double>(2 * batch * patches() * shape.dim * image.channels) *
                         shape.patch * shape.patch;
    const double predictor = static_cast<double>(4 * batch * views * projection * hidden);
    return 3 * (encoder(batch * views, tokens) + predictor) + 2 * embed +
           encoder(batch, static_cast<double>(patches())) + embed;
  }

 private:
  double encoder(Index count, double n) const {
    const auto sequences = static_cast<double>(count), d = static_cast<double>(shape.dim);
    const double blocks = shape.depth * (sequences * n * 24 * d * d + sequences * 4 * n * n * d);
    const double read_out = shape.class_depth * (sequences * (n + 1) * 4 * d * d +
                                                 sequences * (4 * d * d + 16 * d * d));
    const auto h = static_cast<double>(hidden);
    return blocks + read_out +
           sequences * 2 * (d * h + h * h + h * static_cast<double>(projection));
  }
};

inline constexpr extrema::nn::VitShape small{}, base{.dim = 768, .heads = 12},
    tiny{.patch = 4, .dim = 192, .depth = 6, .heads = 3},
    mini{.patch = 4, .dim = 128, .depth = 4, .heads = 4};

inline constexpr std::array<Case, 5> cases{{
    {"small-8", small, {3, 224, 224}, 5, 39, 4096, 256, 8, 7},
    {"small-32", small, {3, 224, 224}, 5, 39, 4096, 256, 32, 3},
    {"base-4", base, {3, 224, 224}, 5, 39, 4096, 256, 4, 5},
    {"tiny32-256", tiny, {3, 32, 32}, 4, 16, 1024, 256, 256, 5},
    {"mini28-256", mini, {1, 28, 28}, 4, 12, 512, 128, 256, 9},
}};

/// Of a GPU.
inline constexpr std::array<Case, 3> gpu_cases{{
    {"small-512", small, {3, 224, 224}, 5, 39, 4096, 256, 512, 20},
    {"base-256", base, {3, 224, 224}, 5, 39, 4096, 256, 256, 20},
    {"tiny32-512", tiny, {3, 32, 32}, 4, 16, 1024, 256, 512, 100},
}};

}  // namespace bench
