// SPDX-License-Identifier: MIT
// The page that extrema-demo writes.
#pragma once

#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "extrema/data/draw.hpp"
#include "extrema/data/loader.hpp"
#include "extrema/data/png.hpp"
#include "extrema/eval/class_attention_map.hpp"
#include "extrema/eval/pixels.hpp"
#include "extrema/io/json_lines.hpp"
#include "extrema/mask/views_of.hpp"
#include "extrema/train/description.hpp"
#include "extrema/train/recipe.hpp"
#include "extrema/train/report.hpp"
#include "extrema/train/report_curves.hpp"

namespace extrema::demo {

/// k-NN accuracies in [0, 1]; none where the images have no labels.
struct Results {
  Index bank = 0, queries = 0;  // images
  std::optional<double> pixels = {}, random = {}, trained = {};
};

namespace detail {

inline std::string percent(double share) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%.1f %%", 100 * share);
  return digits;
}

/// Rows of a gallery, of images of the first step: each as it was augmented for the student, the
/// views of it that the student saw, and what the teacher attends to in its own of it, by now.
template <class Trainer, class Images>
std::vector<std::vector<train::ReportImage>> rows(Trainer& trainer, const Images& images,
                                                  const train::Recipe& recipe) {
  using Device = std::remove_reference_t<decltype(trainer.device())>;
  auto& device = trainer.device();
  const auto& backbone = trainer.method().backbone();
  const auto& method = trainer.options().method;
  const ImageExtent extent = backbone.image();
  if (extent.channels != 1 && extent.channels != 3) return {};
  const train::Recipe complete = recipe.completed(extent);
  data::Loader<Images> loader{images,
                              {.batch = std::min<Index>(8, images.size()),
                               .seed = trainer.options().seed,
                               .augmentation = complete.augmentation}};
  const data::Batch& batch = loader.next();

  const auto affine = upload(device, data::affine<Wide<Device>>(*complete.normalisation));
  const auto pixels = upload(
      device, std::span{batch.teacher, static_cast<std::size_t>(batch.size() * extent.size())});
  siamese::PackedViews<Device> whole;
  whole.fill_all(backbone.grid(), batch.samples);
  const auto attention = eval::class_attention_map(
      device, backbone, trainer.teacher(),
      nn::Images<Device, std::uint8_t>{
          pixels.data(), extent, batch.size(), {affine.data(), affine.size() / 2, 2}},
      whole.send(device));

  std::vector<std::vector<train::ReportImage>> result;
  const auto patches = static_cast<std::size_t>(backbone.grid().size());
  const auto image_of = [&](const std::uint8_t* images_of_branch, std::size_t i) {
    const data::Planes planes{
        extent.channels, extent.height, extent.width,
        const_cast<std::uint8_t*>(images_of_branch) + static_cast<Index>(i) * extent.size()};
    return data::enlarged(data::interleaved(planes), std::max(1, 84 / extent.height));
  };
  for (std::size_t i = 0; i < batch.samples.size(); ++i) {
    const data::Image shown = image_of(batch.student, i);
    auto& row = result.emplace_back();
    row.push_back({data::png_bytes(shown)});
    for (const auto& view : mask::views_of(
             method.mask, backbone.grid(),
             {.views = method.views, .seed = trainer.options().seed, .sample = batch.samples[i]}))
      row.push_back({data::png_bytes(data::faded(shown, backbone.grid(), view))});
    row.push_back(
        {data::png_bytes(data::heated(image_of(batch.teacher, i), backbone.grid(),
                                      std::span{attention}.subspan(i * patches, patches)))});
  }
  return result;
}

}  // namespace detail

template <class Trainer, class Images>
void write_page(const std::string& path, const std::string& folder, Trainer& trainer,
                const train::Recipe& recipe, const Images& images, const Results& results) {
  const auto& method = trainer.options().method;
  const auto& backbone = trainer.method().backbone();
  train::Report report{"An encoder pretrained without labels",
                       "ExtreMA (arXiv 2206.04667): a student that sees a few patches of an image "
                       "predicts what its averaged teacher makes of all of it."};
  if (results.trained) {
    report.facts({{"k-NN accuracy, pretrained", detail::percent(*results.trained)},
                  {"the same encoder, random weights", detail::percent(*results.random)},
                  {"raw pixels", detail::percent(*results.pixels)}});
    report
        .section("What it has learned", text("Each of ", results.queries,
                                             " test images is classified by the labels of its 20 "
                                             "nearest among ",
                                             results.bank,
                                             " others, in the student's features. The "
                                             "encoder has seen no label."))
        .results("accuracy (%)", std::vector<train::ReportResult>{
                                     {"pretrained encoder", 100 * *results.trained, true},
                                     {"raw pixels", 100 * *results.pixels},
                                     {"random encoder", 100 * *results.random}});
  }
  std::vector<train::ChartLevel> levels;
  if (results.pixels)
    levels = {{"raw pixels", 100 * *results.pixels}, {"random", 100 * *results.random}};
  const auto lines = io::read_json_lines(folder + "/metrics.jsonl");
  report.section("How it was trained").charts(train::run_charts(lines, levels));

  std::vector<std::string> columns{"crop"};
  for (int view = 1; view <= method.views; ++view) columns.push_back(text("view ", view));
  columns.push_back("attention");
  report
      .section("What it saw",
               "Images of the first step: the student's crop and its views of it, and how the "
               "teacher's class token now spreads its attention over its own crop: orange is much.")
      .gallery(columns, detail::rows(trainer, images, recipe));
  const nn::VitShape& shape = backbone.shape();
  report.section("Configuration")
      .configuration({{"epochs", recipe.epochs},
                      {"batch", recipe.batch},
                      {"learning rate for 256 images", recipe.learning_rate},
                      {"warm-up epochs", std::round(100 * recipe.warmup()) / 100},
                      {"views", method.views},
                      {"mask ratio", method.mask.ratio},
                      {"temperature", method.loss.temperature},
                      {"patch", shape.patch},
                      {"dim", shape.dim},
                      {"depth", shape.depth},
                      {"heads", shape.heads},
                      {"seed", trainer.options().seed}});
  report.write(path);
}

}  // namespace extrema::demo
