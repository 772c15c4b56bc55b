// SPDX-License-Identifier: MIT
// The whole pretraining step on a GPU: images a second, memory, the share of the card's rate, and
// the time of each operation.
//
//   bench_gpu_step [--only small-512] [--precision bf16] [--card-tflops 989] > steps.json
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "../batches.hpp"
#include "extrema/cuda/cuda.cuh"
#include "extrema/optim/adamw.hpp"
#include "extrema/trace/device.hpp"
#include "extrema/train/trainer.hpp"

namespace {

using namespace extrema;
using bench::Batches, bench::Case;
using Method = siamese::Extrema<nn::Vit<nn::dynamic>, mask::Disjoint>;

/// A trainer and what it is fed with.
template <class Device>
struct Training {
  Device device;
  train::Trainer<Method, optim::AdamW, Device> trainer;
  Batches<Device> batches;
  siamese::Batch<Device, std::uint8_t> ready;

  explicit Training(const Case& c)
      : trainer{device,
                {.method = {.backbone = {.image = c.image, .shape = c.shape, .drop_path = 0.1},
                            .hidden = c.hidden,
                            .projection = c.projection,
                            .views = c.views}}},
        batches{device, c},
        ready{batches.next(device)} {}

  /// The next batch is made ready while the card computes, as in train::fit.
  void step() {
    trainer.step(ready, {.learning_rate = 1e-4, .weight_decay = 0.1, .ema_momentum = 0.996});
    ready = batches.next(device);
  }
  /// Of so many steps, each waited for, as train::fit and PyTorch's loop (.item()) do.
  double seconds(int steps) {
    device.synchronise();
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < steps; ++i) {
      step();
      trainer.outcome();
    }
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }
};

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

/// Milliseconds of each operation in a step that waits for each: launches are part of it.
template <class Inner>
std::map<std::string, double> operations(const Case& c) {
  Training<trace::Device<Inner>> training{c};
  training.seconds(2);
  training.device.entries().clear();
  constexpr int steps = 3;
  training.seconds(steps);
  std::map<std::string, double> result;
  for (const auto& [name, entry] : training.device.entries())
    result[std::string{name}] = 1e3 * entry.seconds / steps;
  return result;
}

template <class Device>
nlohmann::json measure(const Case& c, const std::string& precision, double card_tflops) {
  nlohmann::json result{{"case", c.name}, {"precision", precision}};
  {
    Training<Device> training{c};
    training.seconds(4);  // run, captured, replayed
    std::vector<double> times;
    for (int round = 0; round < 5; ++round) times.push_back(training.seconds(c.steps) / c.steps);
    const double time = median(times), tflops = c.operations() / time / 1e12;
    result["images/s"] = static_cast<double>(c.batch) / time;
    result["step_ms"] = 1e3 * time;
    result["TFLOP/s"] = tflops;
    if (card_tflops > 0) result["share_of_card"] = tflops / card_tflops;
    result["peak_MB"] = static_cast<double>(cuda::Held::peak()) / 1e6;
    result["workspace_MB"] = static_cast<double>(training.device.workspace().peak()) / 1e6;
    result["loss"] = training.trainer.outcome().loss;
  }
  result["ms"] = operations<Device>(c);
  return result;
}

nlohmann::json card() {
  cudaDeviceProp properties;
  int driver = 0, runtime = 0;
  cuda::check(cudaGetDeviceProperties(&properties, 0), "cudaGetDeviceProperties");
  cuda::check(cudaDriverGetVersion(&driver), "cudaDriverGetVersion");
  cuda::check(cudaRuntimeGetVersion(&runtime), "cudaRuntimeGetVersion");
  return {{"name", properties.name},
          {"multiprocessors", properties.multiProcessorCount},
          {"driver", driver},
          {"runtime", runtime}};
}

}  // namespace

int main(int argc, char** argv) try {
  CLI::App app{"Times whole pretraining steps on a GPU."};
  std::string only, precision = "bf16";
  double card_tflops = 0;
  app.add_option("--only", only, "One case (all; the peak of memory is right for the first alone)");
  app.add_option("--precision", precision)
      ->check(CLI::IsMember({"bf16", "fp16", "tf32", "fp32"}))
      ->capture_default_str();
  app.add_option("--card-tflops", card_tflops,
                 "The card's dense rate in this precision, to tell the share of it");
  CLI11_PARSE(app, argc, argv);

  nlohmann::json rows = nlohmann::json::array();
  for (const Case& c : bench::gpu_cases) {
    if (!only.empty() && only != c.name) continue;
    if (precision == "bf16")
      rows.push_back(measure<cuda::LtDevice<bf16>>(c, precision, card_tflops));
    if (precision == "fp16")
      rows.push_back(measure<cuda::LtDevice<fp16>>(c, precision, card_tflops));
    if (precision == "tf32")
      rows.push_back(measure<cuda::LtDevice<fp32, cuda::Fp32::tf32>>(c, precision, card_tflops));
    if (precision == "fp32")
      rows.push_back(measure<cuda::LtDevice<fp32>>(c, precision, card_tflops));
    std::fprintf(stderr, "%s\n", rows.back().dump().c_str());
  }
  std::printf("%s\n", nlohmann::json{{"card", card()}, {"rows", rows}}.dump(1).c_str());
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 2;
}
