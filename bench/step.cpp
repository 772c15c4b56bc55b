// SPDX-License-Identifier: MIT
// The whole pretraining step: images a second, memory, allocations, the share of the product rate
// that this machine reaches for the model's shapes, and where the time goes.
//
//   bench_step --benchmark_filter=step/small-8/bf16 --benchmark_format=json
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "allocations.hpp"
#include "batches.hpp"
#include "cases.hpp"
#include "extrema/cpu/best_products.hpp"
#include "extrema/cpu/cpu.hpp"
#include "extrema/mask/disjoint.hpp"
#include "extrema/optim/adamw.hpp"
#include "extrema/trace/device.hpp"
#include "extrema/train/trainer.hpp"
#include "process_memory.hpp"

namespace {

using namespace extrema;
using bench::Batches, bench::Case;

template <class Run>
double seconds(const Run& run) {
  const auto begin = std::chrono::steady_clock::now();
  run();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double median(std::vector<double> times) {
  std::ranges::sort(times);
  return times[times.size() / 2];
}

/// Operations a second of x (rows, in) times a weight (out, in), the best of eight.
template <class Device>
double product_rate(Device& device, Index rows, Index out, Index in) {
  const Scope scope{device.workspace()};
  const auto x = take(device, rows, in), weight = take(device, out, in),
             y = take(device, rows, out);
  ops::run(device, ops::Zero<Scalar<Device>>{x});
  ops::run(device, ops::Zero<Scalar<Device>>{weight});
  double best = 1e9;
  for (int i = 0; i < 8; ++i)
    best = std::min(best, seconds([&] {
                      ops::run(device, ops::Linear<Scalar<Device>, Scalar<Device>, Wide<Device>>{
                                           .x = x, .weight = weight, .y = y});
                    }));
  return 2 * static_cast<double>(rows * out * in) / best;
}

/// The harmonic mean over a block's three kinds of products.
template <class Device>
double product_rate(Device& device, const Case& c) {
  const Index rows = c.student_tokens(), d = c.shape.dim;
  return 3 / (1 / product_rate(device, rows, 3 * d, d) + 1 / product_rate(device, rows, 4 * d, d) +
              1 / product_rate(device, rows, d, 4 * d));
}

template <class Format>
void step(benchmark::State& state, const Case& c, cpu::Determinism determinism) {
  using Device = trace::Device<cpu::BasicDevice<Format, cpu::BestProducts>>;
  using Method = siamese::Extrema<nn::Vit<nn::dynamic>, mask::Disjoint>;
  bench::forget_peak_memory();
  Device device;
  device.inner().products().determinism(determinism);
  train::Trainer<Method, optim::AdamW, Device> trainer{
      device,
      {.method = {.backbone = {.image = c.image, .shape = c.shape, .drop_path = 0.1},
                  .hidden = c.hidden,
                  .projection = c.projection,
                  .views = c.views}}};
  Batches<Device> batches{device, c};
  const auto run = [&] {
    trainer.step(batches.next(device),
                 {.learning_rate = 1e-4, .weight_decay = 0.1, .ema_momentum = 0.996});
  };
  for (int i = 0; i < 2; ++i) run();

  device.entries().clear();
  run();  // notes the names of all operations before allocations count
  for (auto& [name, entry] : device.entries()) entry = {};
  std::vector<double> times;
  times.reserve(static_cast<std::size_t>(c.steps));
  bench::AllocationCounts allocations;
  {
    const bench::CountAllocations count;
    for (auto _ : state) times.push_back(seconds(run));
    allocations = bench::allocations.now();
  }
  const double time = median(times), rate = product_rate(device, c);
  const auto steps = static_cast<double>(times.size());
  auto& counters = state.counters;
  counters["images/s"] = static_cast<double>(c.batch) / time;
  counters["step_ms"] = 1e3 * time;
  counters["peak_MB"] = bench::peak_memory();
  counters["workspace_MB"] = static_cast<double>(device.workspace().peak()) / 1e6;
  counters["GFLOP/image"] = c.operations() / static_cast<double>(c.batch) / 1e9;
  counters["GFLOP/s"] = c.operations() / time / 1e9;
  counters["product_GFLOP/s"] = rate / 1e9;
  counters["share_of_product_rate"] = c.operations() / time / rate;
  counters["allocations_own"] = static_cast<double>(allocations.own) / steps;
  counters["allocations_eigen"] = static_cast<double>(allocations.eigen) / steps;
  counters["allocations_onednn"] = static_cast<double>(allocations.onednn) / steps;
  counters["allocations_openmp"] = static_cast<double>(allocations.openmp) / steps;
  for (const auto& [name, entry] : device.entries())
    counters["ms_" + std::string{name}] = 1e3 * entry.seconds / steps;
}

template <class Format>
void add(const char* format) {
  using cpu::Determinism;
  for (const Case& c : bench::cases)
    for (const auto level : {Determinism::run_to_run, Determinism::threads}) {
      const auto name = std::string{"step/"} + c.name + "/" + format +
                        (level == Determinism::threads ? "/any_threads" : "");
      benchmark::RegisterBenchmark(name.c_str(), step<Format>, c, level)
          ->Iterations(c.steps)
          ->Unit(benchmark::kMillisecond)
          ->UseRealTime();
    }
}

}  // namespace

int main(int argc, char** argv) {
  add<fp32>("fp32");
  add<bf16>("bf16");
  benchmark::AddCustomContext("instruction_set", cpu::instruction_set());
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}
