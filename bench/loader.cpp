// SPDX-License-Identifier: MIT
// How fast images are read and augmented, with the official augmentations, for training:
//
//   bench_loader FOLDER --size 224
//
// counts images (both of a pair are one) by the processor time of all threads, as for one core.
#include "extrema/data/loader.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>
#include <string>

#include "extrema/core/error.hpp"
#include "extrema/cpu/device.hpp"
#include "extrema/data/any_dataset.hpp"

using namespace extrema;

namespace {

struct Settings {
  std::string data;
  int size = 224, threads = 1;
  double seconds = 3;
};

double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/// The median of five rounds, after one to begin with.
double images_a_second(const data::AnyDataset& images, const Settings& s, bool plans) {
  data::Loader loader{images,
                      {.batch = std::min<Index>(64, images.size()),
                       .threads = s.threads,
                       .augmentation = {.height = s.size, .width = s.size},
                       .plans = plans}};
  std::array<double, 5> rates;
  const auto round = [&] {
    const double begin = processor_seconds();
    double seconds = 0;
    Index count = 0;
    for (; seconds < s.seconds; seconds = processor_seconds() - begin)
      count += loader.next().size();
    return static_cast<double>(count) / seconds;
  };
  round();
  for (double& rate : rates) rate = round();
  std::ranges::sort(rates);
  return rates[rates.size() / 2];
}

}  // namespace

int main(int argc, char** argv) try {
  Settings s;
  CLI::App app{"Images a second of one core, read and augmented for training.", "bench_loader"};
  app.add_option("DATA", s.data, "A folder of images, IDX or CIFAR files")->required();
  app.add_option("--size", s.size, "Pixels a side of what is made")->capture_default_str();
  app.add_option("--threads", s.threads, "Of the loader")->capture_default_str();
  app.add_option("--seconds", s.seconds, "Processor time of a round")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  const auto images = data::open(s.data);
  const nlohmann::ordered_json result{{"data", s.data},
                                      {"images", images.size()},
                                      {"size", s.size},
                                      {"instructions", cpu::instruction_set()},
                                      {"images_per_second", images_a_second(images, s, false)},
                                      {"with_plans", images_a_second(images, s, true)}};
  std::printf("%s\n", result.dump().c_str());
} catch (const std::exception& error) {
  std::fprintf(stderr, "bench_loader: %s\n", error.what());
  return 2;
}
