// SPDX-License-Identifier: MIT
// extrema-demo: pretrains a small encoder on Fashion-MNIST, or on any folder of images, and writes
// one HTML page with what it has learned and how.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "extrema/cpu/best_products.hpp"
#include "extrema/cpu/cpu.hpp"
#include "extrema/extrema.hpp"
#include "extrema/train/checkpoints.hpp"
#include "extrema/train/metrics.hpp"
#include "extrema/train/run_folder.hpp"
#include "extrema/train/train.hpp"
#include "page.hpp"

using namespace extrema;

namespace {

using Device = cpu::BasicDevice<bf16, cpu::BestProducts>;
using Method = siamese::Extrema<nn::Vit<nn::dynamic>, mask::Disjoint, loss::InfoNce>;
using Trainer = train::Trainer<Method, optim::AdamW, Device>;
using Images = data::Subset<data::AnyDataset>;

struct Settings {
  std::string data = "/usr/share/datasets/fashion-mnist";
  std::string output = "extrema-demo";
  int epochs = 0;  // 0: as many as fit
  std::uint64_t seed = 0;
  int size = 0;  // of the images; 0: theirs, or 64

  // The recipe that docs/experiments.md found.
  Index batch = 64;
  double learning_rate = 8e-3;
  double temperature = 0.1;
};

Settings parse(int count, char** arguments) {
  Settings s;
  CLI::App app{"Pretrains a small encoder without labels and writes a report of it."};
  app.set_help_flag("--help,-h", "Print this and stop");
  app.add_option("--data", s.data, "Folder of images, of IDX or of CIFAR files")
      ->capture_default_str();
  app.add_option("--output", s.output, "Folder for the report, weights and metrics")
      ->capture_default_str();
  app.add_option("--epochs", s.epochs, "Passes over the images; 0: about 420,000 images in all")
      ->check(CLI::Range(0, 100000))
      ->capture_default_str();
  app.add_option("--seed", s.seed, "Of everything that is drawn")->capture_default_str();
  app.add_option("--size", s.size,
                 "Pixels a side of what the encoder is shown; 0: as the images "
                 "are, or 64")
      ->capture_default_str();
  app.add_option("--batch", s.batch, "Images of one step")->capture_default_str();
  app.add_option("--lr", s.learning_rate, "Learning rate for 256 images")->capture_default_str();
  app.add_option("--temperature", s.temperature, "Of the InfoNCE loss")->capture_default_str();
  try {
    app.parse(count, arguments);
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    std::exit(0);
  } catch (const CLI::ParseError& error) {
    throw Error{error.what()};
  }
  return s;
}

/// Images to learn from, and labelled ones to ask about: the test split, or every tenth image.
struct Data {
  data::AnyDataset all;
  std::optional<data::AnyDataset> test;
  Images learn, bank, queries;

  explicit Data(const Settings& s)
      : all{data::open(s.data)},
        test{open_test(s.data)},
        learn{all, every_tenth(all.size(), !test.has_value(), false)},
        bank{all, shuffled(learn_indices(), s.seed, 20000)},
        queries{test ? *test : all, shuffled(test ? every_tenth(test->size(), false, false)
                                                  : every_tenth(all.size(), true, true),
                                             s.seed, 5000)} {}
  Data(const Data&) = delete;

  /// Every image that is asked about, or voted by, has a class.
  bool labelled() const {
    const auto labelled = [](const Images& images) {
      for (Index i = 0; i < images.size(); ++i)
        if (images.label(i) < 0) return false;
      return images.size() > 0;
    };
    return all.num_classes() > 1 && labelled(bank) && labelled(queries);
  }

 private:
  static std::optional<data::AnyDataset> open_test(const std::string& path) {
    if (!data::has_test_part(path)) return {};
    return data::open(path, {.split = data::Split::test});
  }
  std::vector<Index> learn_indices() const {
    return every_tenth(all.size(), !test.has_value(), false);
  }
  /// All, or without every tenth, or those only.
  static std::vector<Index> every_tenth(Index size, bool divided, bool tenths) {
    std::vector<Index> result;
    for (Index i = 0; i < size; ++i)
      if (!divided || (i % 10 == 9) == tenths) result.push_back(i);
    return result;
  }
  /// The first `most` in a random order, so that every class is among them.
  static std::vector<Index> shuffled(std::vector<Index> from, std::uint64_t seed, Index most) {
    std::vector<std::uint32_t> order(from.size());
    std::vector<std::uint64_t> scratch;
    data::shuffle(seed, 0, order, scratch);
    std::vector<Index> result;
    for (const std::uint32_t i : order) result.push_back(from[i]);
    result.resize(static_cast<std::size_t>(std::min(most, std::ssize(result))));
    return result;
  }
};

ImageExtent extent_of(const Settings& s, const data::AnyDataset& images) {
  ImageExtent extent = images.common_extent().value_or(ImageExtent{images.channels(), 64, 64});
  if (s.size < 0) throw Error{"extrema-demo: --size ", s.size, ", expected pixels a side"};
  if (s.size > 0) extent.height = extent.width = s.size;
  return extent;
}

/// About 50 tokens of an image that is seen whole, an eighth of them in a view: what two cores
/// manage in minutes.
nn::VitShape shape_of(const ImageExtent& extent) {
  const auto distance = [&](int patch) { return std::abs(extent.grid(patch).size() - 50); };
  int best = 1;
  for (int patch = 2; patch <= std::min(extent.height, extent.width); ++patch)
    if (extent.height % patch == 0 && extent.width % patch == 0 && distance(patch) < distance(best))
      best = patch;
  if (distance(best) > 50)
    throw Error{"extrema-demo: images of ", extent.height, " x ", extent.width,
                " do not divide into some 50 square patches: choose --size, such as --size 64"};
  return {.patch = best, .dim = 96, .depth = 3, .heads = 3};
}

void run(const Settings& s) {
  const train::RunFolder folder{s.output};
  const Data data{s};
  const ImageExtent extent = extent_of(s, data.all);
  Device device;
  Trainer trainer{device,
                  {.method = {.backbone = {.image = extent, .shape = shape_of(extent)},
                              .hidden = 256,
                              .projection = 64,
                              .views = 8,
                              .mask = {.ratio = 0.875},
                              .loss = {.temperature = s.temperature}},
                   .seed = s.seed}};
  const int epochs = s.epochs > 0
                         ? s.epochs
                         : static_cast<int>(std::clamp<Index>(420000 / data.learn.size(), 1, 200));
  const train::Recipe recipe{
      .epochs = epochs,
      .batch = std::min<Index>(s.batch, data.learn.size()),
      .learning_rate = s.learning_rate,
      .warmup_epochs = epochs / 6.,
      .ema_momentum = 0.95,
      .augmentation = {.scale = {0.4, 1}, .pair = data::Pair::two_crops},
      .normalisation = data::statistics(
          data.learn,
          {.evaluation = data::Evaluation{.height = extent.height, .width = extent.width}})};
  std::printf("%td images of %d x %d x %d to learn from, %td to ask about; %d epochs\n",
              data.learn.size(), extent.channels, extent.height, extent.width, data.queries.size(),
              epochs);

  // The student: in so short a run the teacher, its average, lags behind.
  const train::KnnProbe probe{data.bank, data.queries, {.branch = Branch::student}};
  demo::Results results{.bank = data.bank.size(), .queries = data.queries.size()};
  if (data.labelled()) {
    const auto pixels = [&](const auto& images) {
      return eval::pixels(images, extent.height, extent.width, *recipe.normalisation);
    };
    results.pixels = train::knn_accuracy(device, pixels(data.bank), pixels(data.queries));
    results.random = probe.accuracy(trainer, recipe);
    std::printf("k-NN accuracy: raw pixels %.1f %%, encoder with random weights %.1f %%\n",
                100 * *results.pixels, 100 * *results.random);
  }
  train::Metrics metrics{{.folder = s.output, .fresh = true}};
  train::Checkpoints checkpoints{{.folder = s.output, .fresh = true}};
  if (data.labelled())
    train::fit(trainer, data.learn, recipe, train::StopSignal{}, probe, train::Progress{}, metrics,
               checkpoints);
  else
    train::fit(trainer, data.learn, recipe, train::StopSignal{}, train::Progress{}, metrics,
               checkpoints);
  if (const int signal = train::StopSignal::number())
    throw Error{"extrema-demo: stopped by signal ", signal, " after step ", trainer.count(),
                "; a new start begins anew"};
  if (data.labelled()) {
    results.trained = probe.accuracy(trainer, recipe);
    std::printf("k-NN accuracy: raw pixels %.1f %%, random %.1f %%, pretrained %.1f %%\n",
                100 * *results.pixels, 100 * *results.random, 100 * *results.trained);
  }
  const std::string page = folder / "report.html";
  demo::write_page(page, s.output, trainer, recipe, data.learn, results);
  std::printf("report: %s\n", page.c_str());
}

}  // namespace

int main(int count, char** arguments) try {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // lines in order with those of Progress
  run(parse(count, arguments));
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 2;
}
