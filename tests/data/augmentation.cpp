// SPDX-License-Identifier: MIT
// The transforms against Pillow's, and what is drawn against the recipe.
#include "extrema/data/augmentation.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <map>
#include <set>
#include <string>

#include "../reference.hpp"
#include "extrema/data/evaluation.hpp"
#include "extrema/data/normalisation.hpp"

using namespace extrema;
using data::Interpolation;

namespace {

data::ImageView image(const Reference& reference, const std::string& name) {
  const auto& shape = reference.shapes.at(name);
  return {shape[2], shape[0], shape[1], reference.bytes.at(name).data()};
}

/// Of 8-bit values.
struct Distance {
  int largest = 0;
  double mean = 0;

  Distance(data::Planes got, data::ImageView expected) {
    const data::Image image = data::interleaved(got);
    REQUIRE(got.size() == expected.size());
    for (Index i = 0; i < got.size(); ++i) {
      const int distance = std::abs(image.pixels.data()[i] - expected.pixels[i]);
      largest = std::max(largest, distance);
      mean += distance / static_cast<double>(got.size());
    }
  }
};

data::CropDraw crop_of(const nlohmann::json& draw) {
  const auto& box = draw["box"];
  return {{box["x"], box["y"], box["width"], box["height"]}, draw["flip"]};
}

data::ColourDraw colour_of(const nlohmann::json& draw) {
  data::ColourDraw colour{.jitter = true,
                          .brightness = draw["brightness"],
                          .contrast = draw["contrast"],
                          .saturation = draw["saturation"],
                          .hue = draw["hue"],
                          .grey = draw["gray"]};
  for (std::size_t i = 0; i < 4; ++i)
    colour.order[i] = static_cast<data::ColourStep>(draw["order"][i].get<int>());
  return colour;
}

}  // namespace

TEST_CASE("crops and colours are Pillow's") {
  const Reference reference{"augment"};
  const auto cases = nlohmann::json::parse(reference.metadata["cases"].get<std::string>());
  CHECK(cases.size() == 32);
  for (const auto& draw : cases) {
    const std::string i = std::to_string(draw["image"].get<int>());
    const std::string key = i + "." + std::to_string(draw["case"].get<int>());
    CAPTURE(key);
    const int size = draw["size"];
    data::PlanarImage got = data::crop_resize(
        image(reference, "image/" + i), crop_of(draw), size, size,
        draw["interpolation"] == "bicubic" ? Interpolation::bicubic : Interpolation::bilinear);
    const Distance crop{got, image(reference, "crop/" + key)};
    CHECK(crop.largest == 0);  // the same fixed-point arithmetic
    data::jitter(got, colour_of(draw));
    const Distance colour{got, image(reference, "jitter/" + key)};
    CHECK(colour.largest <= 1);
    CHECK(colour.mean < 0.002);
  }
}

TEST_CASE("the evaluation's crop is torchvision's, and its normalisation") {
  const Reference reference{"augment"};
  for (const std::string i : {"0", "1", "2", "3"}) {
    CAPTURE(i);
    const data::ImageView whole = image(reference, "image/" + i);
    data::PlanarImage got{3, 64, 64};
    data::Resizer resize;
    resize(whole,
           data::centre_crop(whole, whole.height, whole.width, 72, Interpolation::bilinear, 64, 64),
           got);
    CHECK(Distance{got, image(reference, "eval/" + i)}.largest == 0);
    std::vector<float> normalised(3 * 64 * 64);
    data::normalise(got, data::Normalisation::imagenet(), normalised.data());
    CHECK(relative_difference(normalised.data(), reference["normalized/" + i]) < 1e-6);
  }
}

TEST_CASE("any number of channels is resized like each alone") {
  std::vector<std::uint8_t> pixels(7 * 31 * 40);
  for (std::size_t i = 0; i < pixels.size(); ++i)
    pixels[i] = static_cast<std::uint8_t>(i * i * 2654435761u >> 13);
  for (const int channels : {2, 3, 5, 7}) {
    CAPTURE(channels);
    const data::ImageView all{channels, 31, 40, pixels.data()};
    const data::CropDraw draw{{3, 2, 37, 29}, true};  // up to the last row and column
    const auto got = data::crop_resize(all, draw, 17, 13, Interpolation::bicubic);
    for (int c = 0; c < channels; ++c) {
      std::vector<std::uint8_t> plane;
      for (int i = 0; i < 31 * 40; ++i) plane.push_back(pixels.data()[i * channels + c]);
      const auto alone = data::crop_resize(data::ImageView{1, 31, 40, plane.data()}, draw, 17, 13,
                                           Interpolation::bicubic);
      CHECK(std::equal(alone.planes().pixels, alone.planes().pixels + 17 * 13,
                       got.planes().plane(c)));
    }
  }
}

TEST_CASE("crops are drawn as the recipe says") {
  const data::Augmentation recipe;
  std::map<std::string, int> seen;
  double area = 0;
  for (std::uint32_t sample = 0; sample < 4000; ++sample) {
    const random::Stream stream{1, random::Purpose::crop, 0, sample};
    const auto [box, flip] = data::draw_crop(recipe, 300, 400, stream);
    REQUIRE((box.x >= 0 && box.y >= 0 && box.x + box.width <= 400 && box.y + box.height <= 300));
    const double ratio = 1.0 * box.width / box.height, share = box.width * box.height / 120000.;
    REQUIRE((ratio > 0.74 && ratio < 1.345));
    REQUIRE((share > 0.198 && share < 1.001));
    area += share / 4000;
    seen["flip"] += flip;
    seen["wide"] += ratio > 1;
    CHECK(data::draw_crop(recipe, 300, 400, stream).box == box);
  }
  CHECK(seen["flip"] / 4000. == doctest::Approx(0.5).epsilon(0.05));
  CHECK(seen["wide"] / 4000. == doctest::Approx(0.59).epsilon(0.05));
  CHECK(area == doctest::Approx(0.5).epsilon(0.02));  // large ones fit less often
}

TEST_CASE("where no crop fits the middle is taken, of one pixel even") {
  const data::Augmentation recipe;
  const random::Stream stream{1, random::Purpose::crop, 0, 0};
  CHECK(data::draw_crop(recipe, 10, 1000, stream).box == data::Box{493, 0, 13, 10});
  CHECK(data::draw_crop(recipe, 1000, 9, stream).box == data::Box{0, 494, 9, 12});
  CHECK(data::draw_crop(recipe, 1, 1, stream).box == data::Box{0, 0, 1, 1});
  CHECK(data::draw_crop(recipe, 100, 1, stream).box == data::Box{0, 49, 1, 1});
}

TEST_CASE("colours are drawn as the recipe says, every order alike") {
  const data::ColourJitter recipe;
  int jittered = 0, grey = 0;
  std::map<std::array<data::ColourStep, 4>, int> orders;
  std::set<double> hues;
  for (std::uint32_t sample = 0; sample < 4800; ++sample) {
    const auto draw = data::draw_colour(recipe, {1, random::Purpose::colour, 0, sample});
    jittered += draw.jitter;
    grey += draw.grey;
    ++orders[draw.order];
    hues.insert(draw.hue);
    REQUIRE((draw.brightness > 0.6 && draw.brightness < 1.4));
    REQUIRE((draw.contrast > 0.6 && draw.contrast < 1.4));
    REQUIRE((draw.saturation > 0.8 && draw.saturation < 1.2));
    REQUIRE((draw.hue > -0.1 && draw.hue < 0.1));
  }
  CHECK(jittered / 4800. == doctest::Approx(0.8).epsilon(0.03));
  CHECK(grey / 4800. == doctest::Approx(0.2).epsilon(0.1));
  CHECK(hues.size() > 4700);
  CHECK(orders.size() == 24);
  for (const auto& [order, count] : orders) CHECK((count > 130 && count < 270));
}

TEST_CASE("colour steps that images without three channels do not know") {
  std::vector<std::uint8_t> before{10, 200, 30, 90};
  for (const int channels : {1, 2, 4}) {
    std::vector<std::uint8_t> pixels = before;
    const data::Planes image{channels, 1, 4 / channels, pixels.data()};
    data::jitter(image, {.jitter = true, .saturation = 0.2, .hue = 0.1, .grey = true});
    CHECK(pixels == before);
    data::change_contrast(image, 0);
    CHECK(pixels == std::vector<std::uint8_t>(4, 83));  // the mean, 82.5, rounded up
    data::change_brightness(image, 2);
    CHECK(pixels == std::vector<std::uint8_t>(4, 166));
  }
}

TEST_CASE("how much smaller an image may be decoded") {
  CHECK(data::reduction(447, 900, 224, 224) == 1);
  CHECK(data::reduction(448, 448, 224, 224) == 2);
  CHECK(data::reduction(1791, 1792, 224, 224) == 4);
  CHECK(data::reduction(9999, 9999, 224, 224) == 8);
}
