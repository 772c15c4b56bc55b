// SPDX-License-Identifier: MIT
// What becomes of what an Augmenter draws for the student and the teacher: images, made at once, or
// a plan that a device carries out. Both give the same bits.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "extrema/core/branch.hpp"
#include "extrema/core/grid.hpp"
#include "extrema/core/round_up.hpp"
#include "extrema/data/colour.hpp"
#include "extrema/data/image.hpp"
#include "extrema/data/pair_plan.hpp"
#include "extrema/data/resize.hpp"

namespace extrema::data {

/// Told, in this order, the student's crop, the teacher's or that it is the same one, and the
/// colours of both. Where the two share one image nothing is said of the teacher.
template <class P>
concept PairSink = requires(P& pair, ImageView image, const Resampling& how,
                            const ColourDraw& draw) {
  pair.crop(Branch::student, image, how);
  pair.same_crop();
  pair.colour(Branch::teacher, draw);
};

/// Makes the images. One per thread, as it keeps its scratch memory.
class PairMaker {
 public:
  /// The teacher's may be left out (no pixels) where the two share one image.
  void begin(Planes student, Planes teacher) {
    images_[0] = student;
    images_[1] = teacher;
  }

  void crop(Branch branch, ImageView image, const Resampling& how) {
    resize_(image, how, of(branch));
  }
  void same_crop() { std::copy_n(images_[0].pixels, images_[0].size(), images_[1].pixels); }
  void colour(Branch branch, const ColourDraw& draw) { jitter(of(branch), draw); }

 private:
  Planes of(Branch branch) const { return images_[static_cast<int>(branch)]; }

  Planes images_[2];
  Resizer resize_;
};

/// Of the images of a batch, each as in data/pair_plan.hpp.
using Plans = std::span<const std::vector<std::uint8_t>>;

inline ColourPlan plan_of(const ColourDraw& draw) {
  ColourPlan plan{.steps = draw.jitter ? 4 : 0,
                  .brightness = detail::Blend{draw.brightness},
                  .contrast = detail::Blend{draw.contrast},
                  .saturation = detail::Blend{draw.saturation},
                  .hue = detail::hue_shift(draw.hue),
                  .grey = draw.grey};
  std::ranges::copy(draw.order, plan.step);
  return plan;
}

/// Writes a PairPlan. One per thread, as it keeps its scratch memory.
class PairPlanner {
 public:
  /// A crop of so many times the pixels that are made of it is made here, and sent as it is.
  static constexpr Index most_pixels = 4;

  /// Into `bytes`, whose memory it keeps, for images of this extent.
  void begin(std::vector<std::uint8_t>& bytes, const ImageExtent& extent) {
    bytes_ = &bytes;
    bytes.resize(sizeof(PairPlan));
    plan_ = {.channels = extent.channels,
             .height = extent.height,
             .width = extent.width,
             .crop = {},
             .colour = {}};
    write();
  }

  void crop(Branch branch, ImageView image, const Resampling& how) {
    resampler_.prepare(image, how, plan_.height, plan_.width);
    if (Index{resampler_.height()} * resampler_.width() > most_pixels * plan_.height * plan_.width)
      return crop_here(branch, image, how);
    bytes_->resize(round_up(bytes_->size(), alignment));
    plan_.crop[static_cast<int>(branch)] = static_cast<std::int32_t>(bytes_->size());
    if (branch == Branch::student) plan_.crop[1] = plan_.crop[0];  // unless it has one of its own
    write();
    const detail::Taps &rows = resampler_.rows(), &columns = resampler_.columns();
    append(
        std::array{CropPlan{resampler_.height(), resampler_.width(), rows.most(), columns.most()}});
    append(rows.taps());
    append(columns.taps());
    append(rows.weights());
    append(columns.weights());
    for (int y = 0; y < resampler_.height(); ++y)
      append(std::span{image.row(resampler_.top() + y) + Index{resampler_.left()} * image.channels,
                       static_cast<std::size_t>(Index{resampler_.width()} * image.channels)});
  }
  void same_crop() {}  // unless crop() says otherwise
  void colour(Branch branch, const ColourDraw& draw) {
    plan_.colour[static_cast<int>(branch)] = plan_of(draw);
    write();
  }

 private:
  static constexpr std::size_t alignment = alignof(CropPlan);

  template <class Range>
  void append(const Range& range) {
    const auto bytes = std::as_bytes(std::span{range});
    const auto* const first = reinterpret_cast<const std::uint8_t*>(bytes.data());
    bytes_->insert(bytes_->end(), first, first + bytes.size());
  }
  void write() { std::memcpy(bytes_->data(), &plan_, sizeof plan_); }

  void crop_here(Branch branch, ImageView image, const Resampling& how) {
    const auto [channels, height, width] = extent();
    PlanarImage made{channels, height, width};
    resize_(image, how, made);
    crop(branch, interleaved(made), Resampling::none(height, width));
  }
  ImageExtent extent() const { return {plan_.channels, plan_.height, plan_.width}; }

  std::vector<std::uint8_t>* bytes_ = nullptr;
  PairPlan plan_;
  Resampler resampler_;
  Resizer resize_;
};

static_assert(PairSink<PairMaker> && PairSink<PairPlanner>);

}  // namespace extrema::data
