// SPDX-License-Identifier: MIT
// Raw pixels as features: values, order, labels.
#include "extrema/eval/pixels.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "../io/temporary_folder.hpp"

using namespace extrema;

namespace {

/// Image i is of one colour: channel c is 40 i + 10 c. The last cannot be read.
struct Plain {
  Index size() const { return 5; }
  int channels() const { return 3; }
  int label(Index i) const { return static_cast<int>(i) - 1; }
  std::string name(Index i) const { return text("#", i); }
  void read(Index i, data::Image& image) const {
    if (i == 4) throw data::Unreadable{"#4: is missing"};
    image.resize(3, 6, 9);
    for (std::size_t p = 0; p < image.pixels.size(); ++p)
      image.pixels[p] = static_cast<std::uint8_t>(40 * i + 10 * static_cast<Index>(p % 3));
  }
};

}  // namespace

TEST_CASE("a normalisation for other channels is refused") {
  CHECK(message([] {
          eval::pixels(Plain{}, 4, 5, {{0.5f}, {0.25f}});
        }) ==
        "Normalisation: expected a mean and a deviation for each of 3 channels, found 1 and 1");
}

TEST_CASE("pixels are normalised, channel by channel, in the order of the data set") {
  const data::Normalisation usual = data::Normalisation::usual(3);
  const auto affine = data::affine<float>(usual);
  const eval::Features features = eval::pixels(Plain{}, 4, 5, usual, {.batch = 3});
  REQUIRE(features.count == 4);
  REQUIRE(features.width == 3 * 4 * 5);
  CHECK(features.labels == std::vector<int>{-1, 0, 1, 2});
  CHECK(features.samples == std::vector<std::uint32_t>{0, 1, 2, 3});
  REQUIRE(features.skipped.size() == 1);
  CHECK(features.skipped[0].sample == 4);
  for (Index i = 0; i < 4; ++i)
    for (Index j = 0; j < features.width; ++j) {
      const auto c = static_cast<std::size_t>(j / 20);
      const float expected = static_cast<float>(40 * i + 10 * (j / 20)) * affine.data()[2 * c] +
                             affine.data()[2 * c + 1];
      REQUIRE(features.rows().row(i)[j] == doctest::Approx(expected).epsilon(1e-6));
    }
}
