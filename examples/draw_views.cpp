// SPDX-License-Identifier: MIT
// Draws the views that a masking policy gives of an image: the whole, then each with what it hides
// faded.
#include <cstdio>
#include <cstdlib>
#include <extrema/data/draw.hpp>
#include <extrema/data/png.hpp>
#include <extrema/data/read_image.hpp>
#include <extrema/mask/catalogue.hpp>
#include <extrema/mask/views_of.hpp>

using namespace extrema;

int main(int count, char** arguments) try {
  if (count < 4)
    throw Error{"usage: ", arguments[0],
                " IMAGE views.png POLICY [VIEWS [PATCHES A SIDE [SEED [RATIO]]]]"};
  const auto number = [&](int i, int usual) { return count > i ? std::atoi(arguments[i]) : usual; };
  const int views = number(4, 4), side = number(5, 14);
  const auto policy = count > 7 ? mask::make(arguments[3], {.ratio = std::atof(arguments[7])})
                                : mask::make(arguments[3]);

  const data::Image image = data::read_image(arguments[1], {.height = 224, .width = 224});
  const Grid grid{side, side};
  std::vector<data::Image> pictures{image};
  for (const auto& view : mask::views_of(
           policy, grid, {.views = views, .seed = static_cast<std::uint64_t>(number(6, 0))}))
    pictures.push_back(data::faded(image, grid, view));
  data::write_png(arguments[2], data::side_by_side(pictures));
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 2;
}
