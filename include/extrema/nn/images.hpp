// SPDX-License-Identifier: MIT
// A batch of images on the device, as layers take it.   B images, C channels, H x W pixels
#pragma once

#include "extrema/core/device.hpp"
#include "extrema/core/grid.hpp"

namespace extrema::nn {

/// Pixels are the Wide type, ready to use, or 8-bit with the affine map that normalises them.
template <class Device, class Pixel = Wide<Device>>
struct Images {
  const Pixel* pixels = nullptr;  // (B, C, H, W)
  ImageExtent extent;
  Index count = 0;                // B
  WideInput<Device> affine = {};  // (C, 2)  factor, shift; empty: pixels as they are
};

}  // namespace extrema::nn
