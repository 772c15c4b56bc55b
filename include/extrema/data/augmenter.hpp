// SPDX-License-Identifier: MIT
// Reads one image and makes what the student and the teacher are shown of it.
#pragma once

#include <algorithm>
#include <cstdint>

#include "extrema/core/random.hpp"
#include "extrema/data/augmentation.hpp"
#include "extrema/data/concepts.hpp"
#include "extrema/data/evaluation.hpp"

namespace extrema::data {

/// One per thread, as it keeps its scratch memory.
class Augmenter {
 public:
  Augmenter(const Augmentation& recipe, std::uint64_t seed) : recipe_{recipe}, seed_{seed} {}

  /// Both have the recipe's height and width and the data set's channels; `teacher` is left alone
  /// where the pair shares one image. Throws Unreadable.
  template <ImageReader R>
  void operator()(R& reader, std::uint32_t epoch, std::uint32_t sample, Planes student,
                  Planes teacher) {
    if (recipe_.pair == Pair::centre_crop) return centre(reader, sample, student);
    CropDraw crop, other;
    const ImageView image = reader.read(Index{sample}, [&](int height, int width) {
      crop = draw_crop(recipe_, height, width, {seed_, crops, epoch, sample, 0});
      other = draw_crop(recipe_, height, width, {seed_, crops, epoch, sample, 1});
      const int by = allowed(crop);
      return recipe_.pair == Pair::two_crops ? std::min(by, allowed(other)) : by;
    });
    crop_resize(resize_, image, crop, recipe_.interpolation, student);
    if (recipe_.pair == Pair::crop_only) return;
    if (recipe_.pair == Pair::two_crops)
      crop_resize(resize_, image, other, recipe_.interpolation, teacher);
    else std::copy_n(student.pixels, student.size(), teacher.pixels);
    jitter(student, draw_colour(recipe_.colour, {seed_, colours, epoch, sample, 0}));
    jitter(teacher, draw_colour(recipe_.colour, {seed_, colours, epoch, sample, 1}));
  }

 private:
  static constexpr auto crops = random::Purpose::crop, colours = random::Purpose::colour;

  template <ImageReader R>
  void centre(R& reader, std::uint32_t sample, Planes student) {
    const Evaluation recipe{.height = recipe_.height,
                            .width = recipe_.width,
                            .interpolation = recipe_.interpolation,
                            .exact_decode = recipe_.exact_decode};
    evaluate(resize_, reader, Index{sample}, recipe, student);
  }

  int allowed(const CropDraw& crop) const {
    if (recipe_.exact_decode) return 1;
    return reduction(crop.box.height, crop.box.width, recipe_.height, recipe_.width);
  }

  Augmentation recipe_;
  std::uint64_t seed_;
  Resizer resize_;
};

}  // namespace extrema::data
