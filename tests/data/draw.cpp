// SPDX-License-Identifier: MIT
// Pictures of views and maps, by their pixels.
#include "extrema/data/draw.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

#include "../io/temporary_folder.hpp"

using namespace extrema;

namespace {

data::Image image(int channels, int height, int width, std::vector<std::uint8_t> pixels) {
  return {channels, height, width, std::move(pixels)};
}
using Pixels = std::vector<std::uint8_t>;

}  // namespace

TEST_CASE("enlarged repeats pixels, and grey as colour") {
  const auto grey = data::enlarged(image(1, 1, 2, {10, 20}), 2);
  CHECK(grey.height == 2);
  CHECK(grey.width == 4);
  const Pixels line{10, 10, 10, 10, 10, 10, 20, 20, 20, 20, 20, 20};
  Pixels twice = line;
  twice.insert(twice.end(), line.begin(), line.end());
  CHECK(grey.pixels == twice);
  CHECK(data::enlarged(image(3, 1, 1, {1, 2, 3}), 1).pixels == Pixels{1, 2, 3});
  CHECK(message([] {
          data::enlarged(image(2, 1, 1, {1, 2}), 1);
        }) == "enlarged: expected 1 or 3 channels, found 2");
}

TEST_CASE("faded keeps the patches that are shown") {
  const std::vector<std::int32_t> shown{1};
  const auto faded = data::faded(image(1, 2, 4, {0, 0, 1, 2, 120, 0, 3, 4}), {1, 2}, shown);
  CHECK(faded.pixels == Pixels{196, 196, 1, 2, 206, 196, 3, 4});
}

TEST_CASE("heated darkens the least and colours the largest") {
  const std::vector<float> values{2, 5};
  const auto heated = data::heated(image(3, 1, 2, {200, 200, 200, 200, 200, 200}), {1, 2}, values);
  CHECK(Pixels{heated.pixels.begin(), heated.pixels.begin() + 3} == Pixels{100, 100, 100});
  CHECK(heated.pixels[3] > heated.pixels[4]);
  CHECK(heated.pixels[4] > heated.pixels[5]);
  const std::vector<float> equal{3, 3};  // no patch stands out
  CHECK(data::heated(image(1, 1, 2, {200, 200}), {1, 2}, equal).pixels == Pixels{100, 100});
}

TEST_CASE("side by side, with white between") {
  const std::vector<data::Image> two{image(1, 2, 1, {1, 2}), image(1, 2, 1, {3, 4})};
  const auto row = data::side_by_side(two, 2);
  CHECK(row.width == 4);
  CHECK(row.pixels == Pixels{1, 255, 255, 3, 2, 255, 255, 4});
  CHECK(message([] { data::side_by_side({}); }) == "side_by_side: expected images, found none");
  const std::vector<data::Image> odd{two[0], image(1, 1, 1, {3})};
  CHECK(message([&] { data::side_by_side(odd); }) ==
        "side_by_side: image 1 is of another extent than the first");
}
