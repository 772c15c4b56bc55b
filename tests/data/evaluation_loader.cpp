// SPDX-License-Identifier: MIT
// One pass in order, over any data set; its statistics; the format that is guessed.
#include "extrema/data/evaluation_loader.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "extrema/data/any_dataset.hpp"
#include "extrema/data/statistics.hpp"
#include "files.hpp"

using namespace extrema;
using data::EvaluationLoader;

namespace {

struct Pass {
  std::vector<std::uint32_t> samples, skipped;
  std::vector<int> labels;
  std::vector<std::uint8_t> pixels;
  bool operator==(const Pass&) const = default;

  template <class D>
  Pass(const D& dataset, const data::EvaluationLoaderOptions& options) {
    EvaluationLoader loader{dataset, options};
    while (const auto* batch = loader.next()) {
      samples.insert(samples.end(), batch->samples.begin(), batch->samples.end());
      labels.insert(labels.end(), batch->labels.begin(), batch->labels.end());
      pixels.insert(pixels.end(), batch->pixels,
                    batch->pixels + batch->size() * batch->extent.size());
      for (const auto& image : batch->skipped) skipped.push_back(image.sample);
    }
    CHECK(!loader.next());
  }
};

const std::string idx_header = big_endian(0x803) + big_endian(5) + big_endian(2) + big_endian(2);

}  // namespace

TEST_CASE("images of the size asked for come as they are, in order, the last batch too") {
  const TemporaryFolder folder;
  write_file(folder / "train-images-idx3-ubyte", idx_header + "aaaabbbbccccddddeeee");
  write_file(folder / "train-labels-idx1-ubyte", big_endian(0x801) + big_endian(5) + "\1\2\3\4\5");
  const data::AnyDataset images = data::open(folder.path);
  CHECK(images.common_extent() == ImageExtent{1, 2, 2});
  CHECK(images.num_classes() == 6);
  for (const int threads : {1, 2}) {
    const Pass pass{images,
                    {.batch = 2, .threads = threads, .evaluation = {.height = 2, .width = 2}}};
    CHECK(pass.samples == std::vector<std::uint32_t>{0, 1, 2, 3, 4});
    CHECK(pass.labels == std::vector{1, 2, 3, 4, 5});
    CHECK(std::string(pass.pixels.begin(), pass.pixels.end()) == "aaaabbbbccccddddeeee");
  }
  const data::Normalisation statistics =
      data::statistics(images, {.evaluation = data::Evaluation{.height = 2, .width = 2}});
  CHECK(statistics.mean[0] == doctest::Approx('c' / 255.0));
  CHECK(statistics.deviation[0] == doctest::Approx(std::sqrt(2.0) / 255));
}

TEST_CASE("unreadable images are left out, counted, and limited") {
  const TemporaryFolder folder;
  for (int i = 0; i < 20; ++i)
    write_below(folder / ("class" + std::to_string(i / 10) + "/" + std::to_string(10 + i) + ".png"),
                i % 4 == 1 ? "" : png(picture(3, 20 + i, 40, i)));
  const auto images = data::ImageFolder::open(folder.path);
  const data::EvaluationLoaderOptions options{.batch = 7,
                                              .evaluation = {.height = 16, .width = 12}};
  const Pass one{images, options};
  CHECK(one.skipped == std::vector<std::uint32_t>{1, 5, 9, 13, 17});
  CHECK(one.samples.size() == 15);
  CHECK(one.labels[14] == 1);
  CHECK(one.pixels.size() == 15 * 3 * 16 * 12);
  data::EvaluationLoaderOptions other = options;
  other.threads = 4;
  CHECK(one == Pass{images, other});
  // What stands at a place is what its number says.
  std::vector<std::uint8_t> alone;
  const data::Subset third{images, std::vector<Index>{3}};
  alone = Pass{third, options}.pixels;
  CHECK(std::equal(alone.begin(), alone.end(), one.pixels.begin() + 2 * 3 * 16 * 12));
  other.unreadable = {.share = 0.1, .count = 3};
  CHECK(contains(message([&] { Pass{images, other}; }), "cannot be read ("));
}

TEST_CASE("the middle is cropped after the shorter side is resized, also to what is not square") {
  CHECK(data::shorter_side({}, 500, 375) == 256);
  CHECK(data::shorter_side({.height = 28, .width = 28}, 28, 28) == 32);
  // 32 x 64 covers a crop of 16 x 64 only if it is not reduced.
  CHECK(data::shorter_side({.height = 16, .width = 64, .resize = 1}, 32, 64) == 32);
  CHECK(data::reduction(data::Evaluation{}, 512, 600) == 2);
  CHECK(data::reduction(data::Evaluation{}, 511, 600) == 1);
  CHECK(data::reduction(data::Evaluation{.exact_decode = true}, 512, 600) == 1);
}

TEST_CASE("the format is guessed by what a folder holds") {
  const TemporaryFolder folder;
  write_below(folder / "imagenet/train/a/1.png", png(picture(3, 4, 4)));
  write_below(folder / "imagenet/val/a/1.png", png(picture(3, 4, 4)));
  write_below(folder / "imagenet/val/a/2.png", png(picture(3, 4, 4)));
  write_below(folder / "idx/t10k-images-idx3-ubyte", idx_header + std::string(20, 'a'));
  write_below(folder / "cifar/test.bin", std::string(3074, '\1'));
  write_below(folder / "cifar/train.bin", std::string(3074 * 2, '\1'));
  CHECK(data::open(folder / "imagenet").size() == 1);
  CHECK(data::open(folder / "imagenet", {.split = data::Split::test}).size() == 2);
  CHECK(data::open(folder / "imagenet/val").size() == 2);
  CHECK(data::open(folder / "imagenet", {.decode = {.channels = 1}}).channels() == 1);
  CHECK(data::open(folder / "imagenet").class_names() == std::vector<std::string>{"a"});
  CHECK(!data::open(folder / "imagenet").common_extent());
  CHECK(data::open(folder / "idx", {.split = data::Split::test}).size() == 5);
  CHECK(data::open(folder / "idx/t10k-images-idx3-ubyte").size() == 5);
  CHECK(data::open(folder / "cifar").size() == 2);
  CHECK(contains(message([&] { data::open(folder / "none"); }), "no such file or folder"));
  CHECK(contains(message([&] { data::open(folder / "idx", {.format = data::Format::folder}); }),
                 "ImageFolder: "));
  std::filesystem::remove_all(folder / "imagenet/val");
  CHECK(contains(message([&] { data::open(folder / "imagenet", {.split = data::Split::test}); }),
                 "expected val or test beside train"));
  for (const char* name : {"bus/1.png", "train/1.png", "train/2.png", "val/1.png"})
    write_below(folder / "vehicles" + "/" + name, png(picture(3, 4, 4)));
  CHECK(data::open(folder / "vehicles").class_names() ==
        std::vector<std::string>{"bus", "train", "val"});
  write_below(folder / "parts/train/a/1.png", png(picture(3, 4, 4)));
  write_below(folder / "parts/val/a/1.png", png(picture(3, 4, 4)));
  std::filesystem::create_directory(folder / "parts/.cache");  // hidden, so none of them
  CHECK(data::open(folder / "parts").size() == 1);
  std::filesystem::create_directory(folder / "parts/devkit");
  CHECK(contains(message([&] { data::open(folder / "parts"); }),
                 "devkit beside them would be a class: name " + (folder / "parts/train")));
  CHECK(data::format_named("cifar100") == data::Format::cifar100);
  CHECK(message([] { data::format_named("mnist"); }) ==
        "data format: expected auto, folder, idx, cifar10 or cifar100, found mnist");
}
