// SPDX-License-Identifier: MIT
// Augmentation on the card: a block makes one image of a pair from its plan, in one pass over the
// crop and, where the contrast changes, a second one over what it has made. H x W pixels are made.
//
// The vertical sums of a column need the horizontal ones of that column alone, so a thread makes
// both for some rows of one column, in registers. What it reads of the crop is bytes, two or three
// times each, mostly from the first cache: some 200 instructions a pixel of 3 channels when it
// shrinks by 2. A block moves the crop and the image, 0.3 + 0.15 MB for 224 x 224, and the image
// twice more where the contrast changes; both images of a pair read the crop.
#pragma once

#include <cstdint>

#include "extrema/core/round_up.hpp"
#include "extrema/cuda/device.cuh"
#include "extrema/cuda/launch.cuh"
#include "extrema/cuda/reduce.cuh"
#include "extrema/data/pair_plan.hpp"
#include "extrema/ops/augment.hpp"

namespace extrema::cuda {
namespace detail {

/// The values of a pixel that are worked on together: 3 of a colour image, 1 at a time otherwise.
template <int channels>
struct PixelValues {
  int at[channels];
};

using Colour = PixelValues<3>;

inline __device__ int level_of(const Colour& p) {
  return data::detail::luma(p.at[0], p.at[1], p.at[2]);
}
inline __device__ int level_of(const PixelValues<1>& p) { return p.at[0]; }

template <int channels>
__device__ void blend(const data::detail::Blend& by, int from, PixelValues<channels>& p) {
#pragma unroll
  for (int& value : p.at) value = by(from, value);
}

inline __device__ void set(Colour& p, const data::detail::Rgb& colour) {
  p.at[0] = colour.red;
  p.at[1] = colour.green;
  p.at[2] = colour.blue;
}

/// What only colours can do; other images are left alone.
inline __device__ void saturate(const data::ColourPlan& plan, Colour& p) {
  set(p, data::detail::saturate(plan.saturation, {p.at[0], p.at[1], p.at[2]}));
}
inline __device__ void turn(const data::ColourPlan& plan, Colour& p) {
  set(p, data::detail::turn(plan.hue, {p.at[0], p.at[1], p.at[2]}));
}
inline __device__ void make_grey(Colour& p) {
  const int grey = level_of(p);
  set(p, {grey, grey, grey});
}
inline __device__ void saturate(const data::ColourPlan&, PixelValues<1>&) {}
inline __device__ void turn(const data::ColourPlan&, PixelValues<1>&) {}
inline __device__ void make_grey(PixelValues<1>&) {}

/// Steps [first, last) of the plan; `mean` is the image's level before its contrast changes.
template <int channels>
__device__ void take_steps(const data::ColourPlan& plan, int first, int last, int mean,
                           PixelValues<channels>& p) {
  for (int i = first; i < last; ++i) switch (plan.step[i]) {
      case data::ColourStep::brightness:
        blend(plan.brightness, 0, p);
        break;
      case data::ColourStep::contrast:
        blend(plan.contrast, mean, p);
        break;
      case data::ColourStep::saturation:
        saturate(plan, p);
        break;
      case data::ColourStep::hue:
        turn(plan, p);
        break;
    }
  if (last == plan.steps && plan.grey) make_grey(p);
}

/// The step that needs to know the whole image; plan.steps where none does.
inline __device__ int contrast_step(const data::ColourPlan& plan) {
  int i = 0;
  while (i < plan.steps && plan.step[i] != data::ColourStep::contrast) ++i;
  return i;
}

/// Pixels [row, end) of column x, of channels first to first + channels, each given to `take`.
template <int channels, int most>
__device__ void resample(const data::CropParts& crop, const ImageExtent& to, int first, int x,
                         int row, int end, const auto& take) {
  using data::detail::Tap, data::detail::half, data::detail::rounded_sum;
  std::int32_t sums[most][channels];
#pragma unroll
  for (auto& sum : sums)
#pragma unroll
    for (std::int32_t& value : sum) value = half;
  const Tap across = crop.column(x);
  const std::int32_t* const weights = crop.column_weights(x);
  const int low = crop.row(row).begin, high = crop.row(end - 1).begin + crop.row(end - 1).count;
  for (int y = low; y < high; ++y) {
    std::int32_t narrow[channels];
#pragma unroll
    for (std::int32_t& value : narrow) value = half;
    const std::uint8_t* pixel = crop.pixel(y, across.begin, to.channels) + first;
    for (int k = 0; k < across.count; ++k, pixel += to.channels)
#pragma unroll
      for (int c = 0; c < channels; ++c) narrow[c] += pixel[c] * weights[k];
#pragma unroll
    for (int r = 0; r < most; ++r) {
      if (row + r >= end) continue;
      const Tap down = crop.row(row + r);
      if (y < down.begin || y >= down.begin + down.count) continue;
      const std::int32_t weight = crop.row_weights(row + r)[y - down.begin];
#pragma unroll
      for (int c = 0; c < channels; ++c) sums[r][c] += rounded_sum(narrow[c]) * weight;
    }
  }
#pragma unroll
  for (int r = 0; r < most; ++r) {
    if (row + r >= end) continue;
    PixelValues<channels> p;
#pragma unroll
    for (int c = 0; c < channels; ++c) p.at[c] = rounded_sum(sums[r][c]);
    take(row + r, p);
  }
}

/// Rows of a column that a thread makes at once; how often that is done for an image's channel.
inline constexpr int rows_at_once = 8;
EXTREMA_HOST_DEVICE constexpr int pieces_of_columns(const ImageExtent& to) {
  return divide_up(to.height, rows_at_once) * to.width;
}

template <int channels>
__global__ void __launch_bounds__(512, 1) augment_kernel(const ops::Augment op) {
  const Index b = blockIdx.x;
  const int branch = static_cast<int>(blockIdx.y), thread = static_cast<int>(threadIdx.x),
            threads = static_cast<int>(blockDim.x);
  const ImageExtent& to = op.extent;
  const std::uint8_t* const at = op.plans + op.at[b];
  const auto& pair = *reinterpret_cast<const data::PairPlan*>(at);
  const data::CropParts crop{reinterpret_cast<const data::CropPlan*>(at + pair.crop[branch]), to};
  const data::ColourPlan& colour = pair.colour[branch];
  const Index area = Index{to.height} * to.width;
  std::uint8_t* const image = (branch == 0 ? op.student : op.teacher) + b * to.channels * area;
  const int contrast = contrast_step(colour), pieces = pieces_of_columns(to);

  // Each thread's own pixels, the same ones in both passes.
  const auto each = [&](const auto& make) {
    for (int first = 0; first < to.channels; first += channels)
      for (int i = thread; i < pieces; i += threads) {
        const int x = i % to.width, row = i / to.width * rows_at_once,
                  end = row + rows_at_once < to.height ? row + rows_at_once : to.height;
        make(first, x, row, end);
      }
  };
  const auto address = [&](int channel, int y, int x) {
    return image + channel * area + Index{y} * to.width + x;
  };
  const auto put = [&](int first, int y, int x, const PixelValues<channels>& p) {
#pragma unroll
    for (int c = 0; c < channels; ++c)
      *address(first + c, y, x) = static_cast<std::uint8_t>(p.at[c]);
  };

  Index levels = 0;
  each([&](int first, int x, int row, int end) {
    resample<channels, rows_at_once>(crop, to, first, x, row, end,
                                     [&](int y, PixelValues<channels> p) {
                                       take_steps(colour, 0, contrast, 0, p);
                                       levels += level_of(p);
                                       put(first, y, x, p);
                                     });
  });
  if (contrast == colour.steps) return;
  const int mean =
      data::detail::mean_level(block_sum(levels), channels == 3 ? area : to.channels * area);
  each([&](int first, int x, int row, int end) {
    for (int y = row; y < end; ++y) {
      PixelValues<channels> p;
#pragma unroll
      for (int c = 0; c < channels; ++c) p.at[c] = *address(first + c, y, x);
      take_steps(colour, contrast, colour.steps, mean, p);
      put(first, y, x, p);
    }
  });
}

}  // namespace detail

template <class F, class P>
void launch(BasicDevice<F, P>& device, const ops::Augment& op) {
  const int pieces = detail::pieces_of_columns(op.extent),
            threads = pieces < 512 ? round_up(pieces, warp_size) : 512;
  start(device, op.name,
        {dim3(static_cast<unsigned>(op.count), op.teacher ? 2u : 1u),
         dim3(static_cast<unsigned>(threads))},
        op.extent.channels == 3 ? detail::augment_kernel<3> : detail::augment_kernel<1>, op);
}

}  // namespace extrema::cuda
