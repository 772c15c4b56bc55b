// SPDX-License-Identifier: MIT
// Each operation of a ViT-S step (batch 8, 5 views of 39 tokens; the teacher's 196) against the
// bytes that it must move and the floating-point operations that it must do.
//
//   OMP_NUM_THREADS=1 bench_ops --benchmark_filter=bf16/attention
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "extrema/cpu/best_products.hpp"
#include "extrema/cpu/cpu.hpp"
#include "extrema/device/upload.hpp"
#include "extrema/ops/convert.hpp"

namespace {

using namespace extrema;

constexpr Index width = 384, hidden = 4 * width;
constexpr int heads = 6;

/// Tensors of random values that live as long as the benchmark runs.
template <class Format>
class Bench {
 public:
  using Device = cpu::BasicDevice<Format, cpu::BestProducts>;
  using S = Scalar<Device>;
  using W = Wide<Device>;
  using X = Stream<Device>;

  explicit Bench(benchmark::State& state) : state_{state} {}

  Device& device() { return device_; }

  template <class T>
  Matrix<T> tensor(Index rows, Index cols) {
    const auto values = take_as<T>(device_, rows, cols);
    for (Index i = 0; i < values.size(); ++i)
      values.data[i] = static_cast<T>(static_cast<float>(i * 37 % 1009) / 504.5f - 1);
    return values;
  }

  /// Bytes count once for each element that is read or written.
  template <class Operation>
  void run(const Operation& operation, double bytes, double flops) {
    for (auto _ : state_) ops::run(device_, operation);
    const auto per_second = [](double amount) {
      return benchmark::Counter{amount / 1e9, benchmark::Counter::kIsIterationInvariantRate};
    };
    state_.counters["GB/s"] = per_second(bytes);
    if (flops > 0) state_.counters["GFLOP/s"] = per_second(flops);
  }

 private:
  benchmark::State& state_;
  Device device_;
};

std::vector<std::int32_t> offsets(Index sequences, Index tokens) {
  std::vector<std::int32_t> all;
  for (Index s = 0; s <= sequences; ++s) all.push_back(static_cast<std::int32_t>(s * tokens));
  return all;
}

constexpr double size_of(auto... matrices) {
  return (static_cast<double>(matrices.size() * Index{sizeof(*matrices.data)}) + ...);
}

template <class Format>
void attention(benchmark::State& state) {
  using B = Bench<Format>;
  B bench{state};
  const Index n = state.range(0), count = n > 100 ? 8 : 40, t = count * n;
  const auto packed = offsets(count, n);
  const auto qkv = bench.template tensor<typename B::S>(t, 3 * width),
             y = bench.template tensor<typename B::S>(t, width);
  const auto normaliser = bench.template tensor<typename B::W>(t, heads);
  bench.run(
      ops::Attention<typename B::S, typename B::W>{
          qkv, {packed.data(), count, t, n}, heads, y, normaliser},
      size_of(qkv, y, normaliser), 4. * static_cast<double>(t * n * width));
}

template <class Format>
void attention_backward(benchmark::State& state) {
  using B = Bench<Format>;
  B bench{state};
  const Index n = state.range(0), count = 40, t = count * n;
  const auto packed = offsets(count, n);
  const auto tensor = [&](Index cols) { return bench.template tensor<typename B::S>(t, cols); };
  const auto qkv = tensor(3 * width), y = tensor(width), grad_y = tensor(width),
             grad = tensor(3 * width);
  const auto normaliser = bench.template tensor<typename B::W>(t, heads);
  bench.run(
      ops::AttentionBackward<typename B::S, typename B::W>{
          qkv, y, normaliser, {packed.data(), count, t, n}, heads, grad_y, grad},
      size_of(qkv, y, grad_y, grad, normaliser), 10. * static_cast<double>(t * n * width));
}

template <class Format>
void class_attention(benchmark::State& state) {
  using B = Bench<Format>;
  B bench{state};
  const Index n = state.range(0), count = 40, t = count * (n + 1);
  const auto packed = offsets(count, n);
  const auto tensor = [&](Index rows) { return bench.template tensor<typename B::S>(rows, width); };
  const auto q = tensor(count), k = tensor(t), v = tensor(t), y = tensor(count);
  const auto normaliser = bench.template tensor<typename B::W>(count, heads);
  bench.run(
      ops::ClassAttention<typename B::S, typename B::W>{
          q, k, v, {packed.data(), count, count * n, n}, heads, y, normaliser},
      size_of(q, k, v, y, normaliser), 4. * static_cast<double>(t * width));
}

template <class Format>
void linear(benchmark::State& state) {
  using B = Bench<Format>;
  using S = typename B::S;
  B bench{state};
  const Index t = state.range(0), in = state.range(1), out = state.range(2);
  const auto x = bench.template tensor<S>(t, in), weight = bench.template tensor<S>(out, in),
             y = bench.template tensor<S>(t, out);
  const auto bias = bench.template tensor<typename B::W>(1, out);
  bench.run(ops::Linear<S, S, typename B::W>{x, weight, bias, y}, size_of(x, weight, y),
            2. * static_cast<double>(t * in * out));
}

template <class Format>
void linear_backward(benchmark::State& state) {
  using B = Bench<Format>;
  using S = typename B::S;
  using W = typename B::W;
  B bench{state};
  const Index t = state.range(0), in = state.range(1), out = state.range(2);
  const auto x = bench.template tensor<S>(t, in), weight = bench.template tensor<S>(out, in),
             grad_y = bench.template tensor<S>(t, out), grad_x = bench.template tensor<S>(t, in);
  const auto grad_weight = bench.template tensor<W>(out, in),
             grad_bias = bench.template tensor<W>(1, out);
  bench.run(ops::LinearBackward<S, W>{x, weight, grad_y, grad_weight, grad_bias, write_to(grad_x)},
            size_of(x, weight, grad_y, grad_x, grad_weight),
            4. * static_cast<double>(t * in * out));
}

template <class Format>
void sum_rows(benchmark::State& state) {
  using B = Bench<Format>;
  B bench{state};
  const auto x = bench.template tensor<typename B::S>(state.range(0), hidden);
  const auto sum = bench.template tensor<typename B::W>(1, hidden);
  bench.run(ops::SumRows<typename B::S, typename B::W>{x, sum}, size_of(x), 0);
}

template <class Format>
void layer_norm(benchmark::State& state) {
  using B = Bench<Format>;
  using W = typename B::W;
  B bench{state};
  const Index t = state.range(0);
  const auto x = bench.template tensor<typename B::X>(t, width);
  const auto y = bench.template tensor<typename B::S>(t, width);
  const auto weight = bench.template tensor<W>(1, width), bias = bench.template tensor<W>(1, width),
             statistics = bench.template tensor<W>(t, 2);
  bench.run(ops::LayerNorm<typename B::X, typename B::S, W>{x, weight, bias, 1e-6, y, statistics},
            size_of(x, y), 0);
}

template <class Format>
void layer_norm_backward(benchmark::State& state) {
  using B = Bench<Format>;
  using W = typename B::W;
  B bench{state};
  const Index t = state.range(0);
  const auto x = bench.template tensor<typename B::X>(t, width),
             grad = bench.template tensor<typename B::X>(t, width);
  const auto grad_y = bench.template tensor<typename B::S>(t, width);
  const auto weight = bench.template tensor<W>(1, width),
             statistics = bench.template tensor<W>(t, 2),
             grad_weight = bench.template tensor<W>(1, width),
             grad_bias = bench.template tensor<W>(1, width);
  bench.run(
      ops::LayerNormBackward<typename B::X, typename B::S, W>{
          x, weight, statistics, grad_y, grad_weight, grad_bias, write_to(grad)},
      size_of(x, grad, grad_y), 0);
}

template <class Format>
void gelu(benchmark::State& state) {
  using B = Bench<Format>;
  B bench{state};
  const auto x = bench.template tensor<typename B::S>(state.range(0), hidden),
             y = bench.template tensor<typename B::S>(state.range(0), hidden);
  bench.run(ops::Gelu<typename B::S>{x, y}, size_of(x, y), 0);
}

template <class Format>
void gelu_backward(benchmark::State& state) {
  using B = Bench<Format>;
  B bench{state};
  const auto tensor = [&] { return bench.template tensor<typename B::S>(state.range(0), hidden); };
  const auto x = tensor(), grad_y = tensor(), grad_x = tensor();
  bench.run(ops::GeluBackward<typename B::S>{x, grad_y, write_to(grad_x)},
            size_of(x, grad_y, grad_x), 0);
}

template <class Format>
void residual(benchmark::State& state) {
  using B = Bench<Format>;
  B bench{state};
  const Index t = state.range(0);
  const auto x = bench.template tensor<typename B::X>(t, width),
             y = bench.template tensor<typename B::X>(t, width);
  const auto branch = bench.template tensor<typename B::S>(t, width);
  bench.run(
      ops::Residual<typename B::X, typename B::S, typename B::W>{.x = x, .branch = branch, .y = y},
      size_of(x, branch, y), 0);
}

/// 22 million parameters, as ViT-S has.
template <class Format>
void lerp(benchmark::State& state) {
  using B = Bench<Format>;
  using W = typename B::W;
  B bench{state};
  const auto x = bench.template tensor<W>(1, 22'000'000),
             average = bench.template tensor<W>(1, 22'000'000);
  const double momentum = 0.996;
  bench.run(ops::Lerp<W, typename B::S>{x, &momentum, average}, size_of(x, average, average), 0);
}

template <class Format>
void squared_norm(benchmark::State& state) {
  using B = Bench<Format>;
  B bench{state};
  const auto x = bench.template tensor<typename B::W>(1, 22'000'000);
  double result = 0;
  bench.run(ops::SquaredNorm<typename B::W>{x, &result}, size_of(x), 0);
}

template <class Format>
void add(const std::string& format) {
  const auto bench = [&](const char* name, void (*run)(benchmark::State&)) {
    return benchmark::RegisterBenchmark((format + "/" + name).c_str(), run)
        ->UseRealTime()
        ->Unit(benchmark::kMicrosecond);
  };
  bench("attention", attention<Format>)->Arg(12)->Arg(16)->Arg(39)->Arg(196);
  bench("attention_backward", attention_backward<Format>)->Arg(12)->Arg(16)->Arg(39);
  bench("class_attention", class_attention<Format>)->Arg(39);
  using Run = void (*)(benchmark::State&);
  using Named = std::pair<const char*, Run>;
  for (const auto& [name, run] :
       {Named{"linear", linear<Format>}, Named{"linear_backward", linear_backward<Format>}})
    bench(name, run)
        ->Args({1560, width, 3 * width})
        ->Args({1560, width, hidden})
        ->Args({1560, hidden, width})
        ->Args({40, 4096, 4096});
  bench("sum_rows", sum_rows<Format>)->Arg(1560);
  bench("layer_norm", layer_norm<Format>)->Arg(1560);
  bench("layer_norm_backward", layer_norm_backward<Format>)->Arg(1560);
  bench("gelu", gelu<Format>)->Arg(1560);
  bench("gelu_backward", gelu_backward<Format>)->Arg(1560);
  bench("residual", residual<Format>)->Arg(1560);
  bench("lerp", lerp<Format>);
  bench("squared_norm", squared_norm<Format>);
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
