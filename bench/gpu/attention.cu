// SPDX-License-Identifier: MIT
// Attention alone on a GPU, forward and backward, beside memory's rate and the tensor cores'.
//
//   bench_gpu_attention > attention.json
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <vector>

#include "extrema/core/random.hpp"
#include "extrema/cuda/attention.cuh"
#include "extrema/cuda/event.cuh"
#include "extrema/cuda/flat.cuh"
#include "extrema/cuda/transfer.cuh"
#include "extrema/device/upload.hpp"
#include "extrema/ops/run.hpp"

namespace {

using namespace extrema;

struct NoProducts {};
using Device = cuda::BasicDevice<bf16, NoProducts>;

/// Milliseconds between two events around so many runs, the median of five.
template <class Run>
double milliseconds(Device& device, const Run& run) {
  constexpr int runs = 50;
  cuda::TimedEvent begin, end;
  for (int i = 0; i < 5; ++i) run();
  std::vector<float> times;
  for (int round = 0; round < 5; ++round) {
    begin.record(device.stream());
    for (int i = 0; i < runs; ++i) run();
    end.record(device.stream());
    times.push_back(end.since(begin) / runs);
  }
  std::ranges::sort(times);
  return times[times.size() / 2];
}

/// In [-1, 1): zeros are multiplied faster.
Buffer<bfloat16, cuda::Memory> random_numbers(Device& device, Index count) {
  std::vector<bfloat16> numbers(static_cast<std::size_t>(count));
  random::Stream random{1, random::Purpose::init, 0, 0};
  for (auto& number : numbers) number = bfloat16{static_cast<float>(2 * random.uniform() - 1)};
  return upload(device, numbers);
}

/// 100,000 tokens in sequences of this length.
nlohmann::json measure(Device& device, int tokens, int heads, int width) {
  const Index count = 100'000 / tokens, rows = count * tokens, columns = Index{heads} * width;
  std::vector<std::int32_t> begins;
  for (Index s = 0; s <= count; ++s) begins.push_back(static_cast<std::int32_t>(s * tokens));
  const auto offsets = upload(device, begins);
  const Sequences sequences{
      .offsets = offsets.data(), .count = count, .tokens = rows, .longest = tokens};
  const Scope scope{device.workspace()};
  const auto qkv = take(device, rows, 3 * columns), y = take(device, rows, columns),
             grad_y = take(device, rows, columns), grad_qkv = take(device, rows, 3 * columns);
  const auto normaliser = take_wide(device, rows, heads);
  const auto numbers = random_numbers(device, qkv.size());
  for (const auto& x : {qkv, grad_y})
    ops::run(device, ops::Copy<bfloat16>{{numbers.data(), x.rows, x.cols}, x});
  const double forward = milliseconds(device, [&] {
    ops::run(
        device,
        ops::Attention<bfloat16, float>{
            .qkv = qkv, .sequences = sequences, .heads = heads, .y = y, .normaliser = normaliser});
  });
  const double backward = milliseconds(device, [&] {
    ops::run(device, ops::AttentionBackward<bfloat16, float>{.qkv = qkv,
                                                             .y = y,
                                                             .normaliser = normaliser,
                                                             .sequences = sequences,
                                                             .heads = heads,
                                                             .grad_y = grad_y,
                                                             .grad_qkv = grad_qkv});
  });
  const auto elements = static_cast<double>(rows * columns);
  return {{"tokens", tokens},
          {"heads", heads},
          {"width", width},
          {"sequences", count},
          {"forward_ms", forward},
          {"forward_GB/s", 4 * 2 * elements / forward / 1e6},
          {"forward_TFLOP/s", 4. * tokens * elements / forward / 1e9},
          {"backward_ms", backward},
          {"backward_GB/s", 8 * 2 * elements / backward / 1e6},
          {"backward_TFLOP/s", 10. * tokens * elements / backward / 1e9}};
}

}  // namespace

int main() try {
  Device device;
  nlohmann::json rows = nlohmann::json::array();
  for (const int width : {32, 64})
    for (const int tokens : {16, 39, 64, 196})
      rows.push_back(measure(device, tokens, 384 / width, width));
  std::printf("%s\n", rows.dump(1).c_str());
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 2;
}
