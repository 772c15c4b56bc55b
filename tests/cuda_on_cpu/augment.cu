// SPDX-License-Identifier: MIT
// Images that the card makes by a loader's plans are the loader's own, bit for bit.
#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "both.hpp"
#include "extrema/cuda/augment.cuh"
#include "extrema/cuda/transfer.cuh"
#include "extrema/data/augmenter.hpp"
#include "extrema/device/download.hpp"
#include "extrema/mask/disjoint.hpp"
#include "extrema/train/feed.hpp"

using namespace extrema;
using data::Pair, data::Interpolation;

namespace {

using Device = cuda::BasicDevice<fp32, NoProducts>;
static_assert(train::AugmentsImages<Device>);
static_assert(!train::AugmentsImages<cpu::BasicDevice<fp32, cpu::EigenProducts>>);

/// Images of many sizes, from one pixel to some that are shrunk tenfold.
class Images {
 public:
  explicit Images(int channels) : channels_{channels} {}

  Index size() const { return std::ssize(sizes); }
  int channels() const { return channels_; }
  int label(Index) const { return -1; }
  std::string name(Index i) const { return std::to_string(i); }
  void read(Index i, data::Image& image) const {
    const auto [height, width] = sizes[static_cast<std::size_t>(i)];
    image.resize(channels_, height, width);
    random::Stream stream{7, random::Purpose::substitute, 0, static_cast<std::uint32_t>(i)};
    for (std::uint8_t& value : image.pixels) value = static_cast<std::uint8_t>(stream.below(256));
  }

 private:
  struct Size {
    int height, width;
  };
  static inline const std::vector<Size> sizes{{1, 1},   {3, 50},  {40, 31}, {17, 90},
                                              {16, 24}, {90, 80}, {8, 8},   {160, 240}};
  int channels_;
};

struct Case {
  int channels, height, width;
  Interpolation interpolation;
};
#ifndef EXTREMA_CUDA_CHECKED
const std::vector<Case> cases{{3, 16, 24, Interpolation::bilinear},
                              {3, 13, 70, Interpolation::bicubic},
                              {3, 96, 100, Interpolation::bilinear},
                              {1, 28, 28, Interpolation::bilinear},
                              {4, 9, 17, Interpolation::bicubic}};
#else
const std::vector<Case> cases{{3, 16, 24, Interpolation::bilinear},
                              {2, 9, 17, Interpolation::bicubic}};
#endif

/// A batch as a loader makes it, and as it plans it. (Without its threads, which the race checker
/// does not know.)
struct Batches {
  std::vector<std::uint8_t> student, teacher;
  std::vector<std::vector<std::uint8_t>> plans;

  /// Of the first `count` images.
  Batches(const Images& images, Index count, const data::Augmentation& recipe,
          std::uint32_t epoch) {
    const ImageExtent extent{images.channels(), recipe.height, recipe.width};
    const bool shared = data::shares_image(recipe.pair);
    student.resize(static_cast<std::size_t>(count * extent.size()));
    if (!shared) teacher.resize(student.size());
    plans.resize(static_cast<std::size_t>(count));
    const data::Augmenter augment{recipe, 3};
    auto reader = data::reader(images);
    data::PairMaker maker;
    data::PairPlanner planner;
    for (std::uint32_t i = 0; i < plans.size(); ++i) {
      const auto planes = [&](std::vector<std::uint8_t>& batch) {
        return data::Planes{extent.channels, extent.height, extent.width,
                            batch.data() + i * extent.size()};
      };
      maker.begin(planes(student), shared ? data::Planes{} : planes(teacher));
      augment(reader, epoch, i, maker);
      planner.begin(plans[i], extent);
      augment(reader, epoch, i, planner);
    }
    if (shared) teacher = student;
  }
};

}  // namespace

TEST_CASE("what the card makes are the loader's images") {
  for (const Case& c : cases)
    for (const Pair pair :
         {Pair::spatially_consistent_colour, Pair::two_crops, Pair::crop_only, Pair::centre_crop}) {
      CAPTURE(c.channels);
      CAPTURE(c.height);
      CAPTURE(static_cast<int>(pair));
      const Images images{c.channels};
      const data::Augmentation recipe{.height = c.height,
                                      .width = c.width,
                                      .interpolation = c.interpolation,
                                      .colour = {.probability = 0.9, .grey = 0.3},
                                      .pair = pair};
      Device device;
      const ImageExtent extent{c.channels, c.height, c.width};
      const std::vector<float> affine(static_cast<std::size_t>(2 * c.channels), 1.f);
      train::Feed<Device> feed{device, extent, affine, 2};
      std::uint32_t epoch = 0;
      for (const Index count : {Index{2}, images.size(), Index{5}}) {  // the mail must grow
        const Batches batch{images, count, recipe, epoch++};
        const std::vector<std::uint32_t> samples(static_cast<std::size_t>(count));
        const auto sent = feed.send(
            mask::Disjoint{.ratio = 0.5}, Grid{2, 2}, 1,
            {.samples = samples, .plans = batch.plans, .shares_image = data::shares_image(pair)}, 0,
            0);
        REQUIRE(sent.size() == 2);  // pieces of one memory
        const auto found = [&](const auto& pixels) {
          const auto size = static_cast<Index>(batch.student.size());
          return download(device, Matrix<const std::uint8_t>{pixels.pixels, 1, size});
        };
        CHECK((found(sent[0].student) == batch.student));
        CHECK((found(sent[0].teacher) == batch.teacher));
        const bool shared = sent[0].student.pixels == sent[0].teacher.pixels;
        CHECK(shared == data::shares_image(pair));
      }
    }
}

TEST_CASE("a large crop is sent as the image that is made of it") {
  const Images images{3};
  data::PairPlanner planner;
  std::vector<std::uint8_t> bytes;
  auto reader = data::reader(images);
  const data::Augmenter augment{{.height = 8, .width = 8, .scale = {1, 1}}, 3};
  for (std::uint32_t i = 0; i < images.size(); ++i) {
    planner.begin(bytes, {3, 8, 8});
    augment(reader, 0, i, planner);
    CHECK(bytes.size() <= sizeof(data::PairPlan) + 4 * 3 * 64 + 4096);  // pixels, and the taps
  }
}

TEST_CASE("plans that do not fit are refused") {
  const Images images{3};
  const Batches batch{images, 2, {.height = 8, .width = 8}, 0};
  const auto refusal = [&](ImageExtent extent, std::size_t count) {
    Device device;
    train::Feed<Device> feed{device, extent, std::vector<float>(6, 1.f), 1};
    const std::vector<std::uint32_t> samples(count);
    try {
      feed.send(mask::Disjoint{.ratio = 0.5}, Grid{2, 2}, 1,
                {.samples = samples, .plans = batch.plans}, 0, 0);
    } catch (const Error& error) {
      return std::string{error.what()};
    }
    return std::string{};
  };
  CHECK(refusal({3, 8, 8}, 2) == "");
  CHECK(refusal({3, 8, 8}, 3) == "Feed: found 2 plans for 3 images");
  CHECK(refusal({3, 8, 16}, 2) == "Feed: a plan makes 3 x 8 x 8, the model takes 3 x 8 x 16");
}
