// SPDX-License-Identifier: MIT
// Crops, colours and the evaluation's view of images, in 8 bits.
#include <numeric>
#include <regex>

#include "cases.hpp"
#include "extrema/data/augmentation.hpp"
#include "extrema/data/colour.hpp"
#include "extrema/data/evaluation.hpp"
#include "extrema/data/normalisation.hpp"

namespace parity {

namespace {

using namespace extrema;

constexpr Tolerance largest_levels{"largest difference, of 255", 1},
    mean_levels{"mean difference, of 255", 0.1},
    largest_normalised{"largest difference of normalised, of 255", 1},
    mean_normalised{"mean difference of normalised, of 255", 0.1};

data::Image stored_image(const Reference& reference, const std::string& name) {
  const auto& shape = reference.shape(name);  // (H, W, C)
  if (shape.size() != 3) throw Error{reference.path(), ": tensor ", name, " is not H x W x C"};
  return {static_cast<int>(shape[2]), static_cast<int>(shape[0]), static_cast<int>(shape[1]),
          reference.values<std::uint8_t>(name)};
}

void add(Report& report, const Tolerance& most, const Tolerance& mean, const std::string& name,
         const std::vector<double>& off) {
  report.add(most, name, largest(off));
  report.add(mean, name,
             std::accumulate(off.begin(), off.end(), 0.) / static_cast<double>(off.size()));
}

void compare(Report& report, const std::string& name, data::Planes found) {
  const data::Image image = data::interleaved(found);
  std::vector<double> expected;
  for (const auto level : report.reference.values<std::uint8_t>(name)) expected.push_back(level);
  if (expected.size() != image.pixels.size())
    throw Error{report.reference.path(),     ": tensor ",        name, " has ", expected.size(),
                " numbers, its case makes ", image.pixels.size()};
  add(report, largest_levels, mean_levels, name, differences(image.pixels, expected));
}

/// What the case says instead of what training would draw.
void compare_case(Report& report, const nlohmann::json& c) {
  const std::string at = text(c.at("image").get<int>(), ".", c.at("case").get<int>());
  const data::Image image =
      stored_image(report.reference, text("image/", c.at("image").get<int>()));
  const auto& box = c.at("box");
  const data::CropDraw crop{.box = {box.at("x"), box.at("y"), box.at("width"), box.at("height")},
                            .flip = c.at("flip")};
  const bool bicubic = c.at("interpolation") == "bicubic";
  const int size = c.at("size");
  const data::PlanarImage planes =
      data::crop_resize(image, crop, size, size,
                        bicubic ? data::Interpolation::bicubic : data::Interpolation::bilinear);
  compare(report, "crop/" + at, planes);

  data::ColourDraw colour{.jitter = true,
                          .brightness = c.at("brightness"),
                          .contrast = c.at("contrast"),
                          .saturation = c.at("saturation"),
                          .hue = c.at("hue"),
                          .grey = c.at("gray")};
  for (std::size_t i = 0; i < colour.order.size(); ++i)
    colour.order[i] = static_cast<data::ColourStep>(c.at("order").at(i).get<int>());
  data::jitter(planes, colour);
  compare(report, "jitter/" + at, planes);
}

/// The evaluation's view, whose sizes the file gives in words.
void compare_evaluation(Report& report, const std::string& image_number) {
  const Reference& reference = report.reference;
  const std::string name = "eval/" + image_number;
  std::smatch sizes;
  const std::string& words = reference.entry("semantics");
  if (!std::regex_search(words, sizes, std::regex{"shorter side resized to ([0-9]+)"}))
    throw Error{reference.path(), ": its semantics do not say `shorter side resized to N`"};
  const data::Image image = stored_image(reference, "image/" + image_number);
  const auto& shape = reference.shape(name);  // (H, W, C)
  const data::PlanarImage planes{image.channels, static_cast<int>(shape.at(0)),
                                 static_cast<int>(shape.at(1))};
  data::Resizer resize;
  resize(image,
         data::centre_crop(image, image.height, image.width, std::stoi(sizes[1]),
                           data::Interpolation::bilinear, planes.planes().height,
                           planes.planes().width),
         planes);
  compare(report, name, planes);

  if (const std::string normalised = "normalized/" + image_number; reference.has(normalised)) {
    const auto by = data::Normalisation::imagenet();
    std::vector<float> found(static_cast<std::size_t>(planes.planes().size()));
    data::normalise(planes, by, found.data());
    auto off = differences(found, report.expected(normalised, found.size()));
    const std::size_t area = off.size() / by.deviation.size();
    for (std::size_t i = 0; i < off.size(); ++i)
      off[i] *= 255 * static_cast<double>(by.deviation[i / area]);
    add(report, largest_normalised, mean_normalised, normalised, off);
  }
}

}  // namespace

void augment(Report& report, const Settings&) {
  const auto all = report.reference.json("cases");
  for (const auto& c : all) compare_case(report, c);
  for (const std::string& name : report.reference.names("eval/")) compare_evaluation(report, name);
}

}  // namespace parity
