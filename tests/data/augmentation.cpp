// SPDX-License-Identifier: MIT
// The transforms against Pillow's, and what is drawn against the recipe.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
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
    data::resize_and_centre_crop(resize, whole, whole.height, whole.width, 72,
                                 Interpolation::bilinear, got);
    CHECK(Distance{got, image(reference, "eval/" + i)}.largest == 0);
    std::vector<float> normalised(3 * 64 * 64);
    data::normalise(got, data::Normalisation::imagenet(), normalised.data());
    CHECK(relative_difference(normalised.data(), reference["normalized/" + i]) < 1e-6);
  }
}
