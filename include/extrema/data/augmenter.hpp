// SPDX-License-Identifier: MIT
// Reads one image and says what the student and the teacher are shown of it.
#pragma once

#include <algorithm>
#include <cstdint>

#include "extrema/core/random.hpp"
#include "extrema/data/augmentation.hpp"
#include "extrema/data/concepts.hpp"
#include "extrema/data/evaluation.hpp"
#include "extrema/data/pair.hpp"

namespace extrema::data {

/// One per thread.
class Augmenter {
 public:
  Augmenter(const Augmentation& recipe, std::uint64_t seed) : recipe_{recipe}, seed_{seed} {}

  /// Of the recipe's height and width and the data set's channels. Throws Unreadable.
  template <ImageReader R, PairSink P>
  void operator()(R& reader, std::uint32_t epoch, std::uint32_t sample, P& pair) const {
    if (recipe_.pair == Pair::centre_crop) return centre(reader, sample, pair);
    CropDraw crop, other;
    const ImageView image = reader.read(Index{sample}, [&](int height, int width) {
      crop = draw_crop(recipe_, height, width, {seed_, crops, epoch, sample, 0});
      other = draw_crop(recipe_, height, width, {seed_, crops, epoch, sample, 1});
      const int by = allowed(crop);
      return recipe_.pair == Pair::two_crops ? std::min(by, allowed(other)) : by;
    });
    pair.crop(Branch::student, image, resampling(image, crop));
    if (recipe_.pair == Pair::crop_only) return;
    if (recipe_.pair == Pair::two_crops)
      pair.crop(Branch::teacher, image, resampling(image, other));
    else pair.same_crop();
    for (const Branch branch : {Branch::student, Branch::teacher})
      pair.colour(branch, draw_colour(recipe_.colour, {seed_, colours, epoch, sample,
                                                       static_cast<std::uint32_t>(branch)}));
  }

 private:
  static constexpr auto crops = random::Purpose::crop, colours = random::Purpose::colour;

  template <ImageReader R, PairSink P>
  void centre(R& reader, std::uint32_t sample, P& pair) const {
    const Evaluation recipe{.height = recipe_.height,
                            .width = recipe_.width,
                            .interpolation = recipe_.interpolation,
                            .exact_decode = recipe_.exact_decode};
    const auto [image, how] = read_centred(reader, Index{sample}, recipe);
    pair.crop(Branch::student, image, how);
  }

  Resampling resampling(ImageView image, const CropDraw& crop) const {
    return crop_resampling(image, crop, recipe_.height, recipe_.width, recipe_.interpolation);
  }
  int allowed(const CropDraw& crop) const {
    if (recipe_.exact_decode) return 1;
    return reduction(crop.box.height, crop.box.width, recipe_.height, recipe_.width);
  }

  Augmentation recipe_;
  std::uint64_t seed_;
};

}  // namespace extrema::data
