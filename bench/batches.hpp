// SPDX-License-Identifier: MIT
// Batches for a bench of steps, on any device.
#pragma once

#include <cstdint>
#include <vector>

#include "cases.hpp"
#include "extrema/device/upload.hpp"
#include "extrema/mask/disjoint.hpp"
#include "extrema/siamese/extrema.hpp"
#include "extrema/siamese/packed_views.hpp"

namespace bench {

using namespace extrema;

/// What a loader would have made: two augmentations of each image, and the masks.
template <class Device>
class Batches {
 public:
  Batches(Device& device, const Case& c)
      : case_{c},
        pixels_{upload(device, random_pixels(2 * c.batch * c.image.size()))},
        affine_{upload(device,
                       std::vector<float>(static_cast<std::size_t>(2 * c.image.channels), 0.02f))},
        samples_(static_cast<std::size_t>(c.batch)) {
    for (std::size_t i = 0; i < samples_.size(); ++i) samples_[i] = static_cast<std::uint32_t>(i);
    teacher_.fill_all(grid(), samples_);
    teacher_views_ = teacher_.send(device);
  }

  siamese::Batch<Device, std::uint8_t> next(Device& device) {
    student_.fill(mask::Disjoint{.ratio = case_.mask_ratio()}, grid(), case_.views, samples_, 0,
                  epoch_++);
    return {images(0), student_.send(device), images(1), teacher_views_};
  }

 private:
  static std::vector<std::uint8_t> random_pixels(Index count) {
    std::vector<std::uint8_t> pixels(static_cast<std::size_t>(count));
    random::Stream random{1, random::Purpose::init, 0, 0};
    for (auto& pixel : pixels) pixel = static_cast<std::uint8_t>(random.below(256));
    return pixels;
  }

  Grid grid() const { return case_.image.grid(case_.shape.patch); }
  nn::Images<Device, std::uint8_t> images(Index which) const {
    return {pixels_.data() + which * case_.batch * case_.image.size(),
            case_.image,
            case_.batch,
            {affine_.data(), case_.image.channels, 2}};
  }

  Case case_;
  Buffer<std::uint8_t, typename Device::Memory> pixels_;
  Buffer<float, typename Device::Memory> affine_;
  std::vector<std::uint32_t> samples_;
  siamese::PackedViews<Device> student_, teacher_;
  Views teacher_views_;
  std::uint32_t epoch_ = 0;
};

}  // namespace bench
