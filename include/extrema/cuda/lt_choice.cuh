// SPDX-License-Identifier: MIT
// Which of the algorithms that cuBLASLt proposes for a product is taken: its own order of them is a
// guess, and on an H200 the fastest took 0.85 to 1 of the first one's time
// (bench/results/gpu-h200.json).
#pragma once

#include <cstdint>
#include <limits>

#include "extrema/core/float16.hpp"
#include "extrema/core/random.hpp"
#include "extrema/cuda/event.cuh"
#include "extrema/cuda/launch.cuh"
#include "extrema/cuda/memory.cuh"

namespace extrema::cuda::detail {

/// In (-1, 1), by place alone.
template <class S>
__global__ void fill_at_random(S* to, const Index count, const std::uint32_t seed) {
  const Index first = 4 * (Index{blockIdx.x} * blockDim.x + threadIdx.x);
  const auto place = static_cast<std::uint64_t>(first);
  const random::Block words = random::philox(
      {static_cast<std::uint32_t>(place), static_cast<std::uint32_t>(place >> 32), 0, seed}, {});
  for (std::uint32_t i = 0; i < 4; ++i)
    if (first + i < count)
      to[first + i] = static_cast<S>(static_cast<float>(words[i]) * 0x1p-31f - 1.f);
}

/// *differ = 1 where two results are not the same bits.
template <class Word>
__global__ void compare_bits(const Word* a, const Word* b, const Index count, int* differ) {
  const Index i = Index{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i < count && a[i] != b[i]) atomicExch(differ, 1);
}

/// Memory that a trial takes for its time, if there is any. (Not of Held: it is gone before more is
/// asked for.)
class Trial {
 public:
  explicit Trial(std::size_t bytes) : bytes_{bytes} {
    if (cudaMalloc(&data_, bytes) != cudaSuccess) cudaGetLastError();
  }
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;
  ~Trial() { cudaFree(data_); }
  explicit operator bool() const { return data_; }
  template <class T>
  T* as() const {
    return static_cast<T*>(data_);
  }
  void clear(cudaStream_t stream) const {
    check(cudaMemsetAsync(data_, 0, bytes_, stream), "cudaMemsetAsync");
  }

 private:
  std::size_t bytes_;
  void* data_ = nullptr;
};

inline bool is_capturing(cudaStream_t stream) {
  cudaStreamCaptureStatus status;
  check(cudaStreamIsCapturing(stream, &status), "cudaStreamIsCapturing");
  return status != cudaStreamCaptureStatusNone;
}

template <class Device>
bool same_bits(Device& device, const Trial& a, const Trial& b, std::size_t bytes,
               const Trial& differ) {
  using Word = std::uint16_t;
  int result = 0;
  const auto words = static_cast<Index>(bytes / sizeof(Word));
  differ.clear(device.stream());
  start(device, "compare_bits", one_each(words), compare_bits<Word>, a.as<const Word>(),
        b.as<const Word>(), words, differ.as<int>());
  check(cudaMemcpyAsync(&result, differ.as<int>(), sizeof result, cudaMemcpyDeviceToHost,
                        device.stream()),
        "cudaMemcpyAsync");
  check(cudaStreamSynchronize(device.stream()), "cudaStreamSynchronize");
  return result == 0;
}

/// How many numbers the operands and the result of a product have.
struct ProductSizes {
  Index a, b, result;
};

/// The place of the fastest among `found` algorithms that give the first one's bits. These are
/// compared on random operands, the same in every run, so the choice changes nothing but time, and
/// a run repeats bit for bit whichever it falls on. multiply(i, a, b, to) runs algorithm i, or says
/// that it does not support the product. In a capture, or where memory for the trial is short, the
/// first is taken. Takes some milliseconds, and waits for the device: once for each product.
template <class S, class C, class Device, class Multiply>
int fastest_algorithm(Device& device, int found, const ProductSizes& sizes,
                      const Multiply& multiply) {
  const cudaStream_t stream = device.stream();
  if (found < 2 || is_capturing(stream)) return 0;
  const std::size_t bytes = static_cast<std::size_t>(sizes.result) * sizeof(C);
  const Trial a{static_cast<std::size_t>(sizes.a) * sizeof(S)},
      b{static_cast<std::size_t>(sizes.b) * sizeof(S)}, wanted{bytes}, result{bytes},
      differ{sizeof(int)};
  if (!a || !b || !wanted || !result || !differ) return 0;
  start(device, "fill_at_random", one_each((sizes.a + 3) / 4), fill_at_random<S>, a.as<S>(),
        sizes.a, 1u);
  start(device, "fill_at_random", one_each((sizes.b + 3) / 4), fill_at_random<S>, b.as<S>(),
        sizes.b, 2u);

  constexpr int rounds = 3;
  TimedEvent begin, end;
  float shortest = std::numeric_limits<float>::infinity();
  int first = -1, best = 0;
  for (int i = 0; i < found; ++i) {
    const Trial& to = first < 0 ? wanted : result;
    to.clear(stream);  // a product may be added
    if (!multiply(i, a.as<const S>(), b.as<const S>(), to.as<C>())) continue;
    if (first >= 0 && !same_bits(device, wanted, result, bytes, differ)) continue;
    if (first < 0) first = i;
    for (int round = 0; round < rounds; ++round) {
      begin.record(stream);
      multiply(i, a.as<const S>(), b.as<const S>(), result.as<C>());
      end.record(stream);
      if (const float time = end.since(begin); time < shortest) shortest = time, best = i;
    }
  }
  return best;
}

}  // namespace extrema::cuda::detail
