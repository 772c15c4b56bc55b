// SPDX-License-Identifier: MIT
// Which of the algorithms that cuBLASLt proposes for a product is taken: its own order of them is a
// guess, and the fastest is up to a sixth faster than the first.
#pragma once

#include <cublasLt.h>

#include <cstdint>
#include <limits>

#include "extrema/cuda/launch.cuh"
#include "extrema/cuda/memory.cuh"

namespace extrema::cuda::detail {

/// *differs = 1 where two results are not the same bits.
template <class Word>
__global__ void compare_bits(const Word* a, const Word* b, const Index count, int* differs) {
  const Index i = Index{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i < count && a[i] != b[i]) *differs = 1;
}

/// Memory that a trial takes for its time, if there is any.
class Trial {
 public:
  explicit Trial(std::size_t bytes) : bytes_{bytes} {
    if (cudaMalloc(&data_, bytes) != cudaSuccess) cudaGetLastError();
  }
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;
  ~Trial() { cudaFree(data_); }
  explicit operator bool() const { return data_; }
  void* data() const { return data_; }
  void clear(cudaStream_t stream) const {
    check(cudaMemsetAsync(data_, 0, bytes_, stream), "clear");
  }

 private:
  std::size_t bytes_;
  void* data_ = nullptr;
};

class Stopwatch {
 public:
  Stopwatch() {
    check(cudaEventCreate(&begin_), "cudaEventCreate");
    check(cudaEventCreate(&end_), "cudaEventCreate");
  }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;
  ~Stopwatch() {
    cudaEventDestroy(begin_);
    cudaEventDestroy(end_);
  }
  /// Milliseconds that what `run` queues takes. Waits for it.
  float operator()(cudaStream_t stream, const auto& run) {
    float time = 0;
    check(cudaEventRecord(begin_, stream), "cudaEventRecord");
    run();
    check(cudaEventRecord(end_, stream), "cudaEventRecord");
    check(cudaEventSynchronize(end_), "cudaEventSynchronize");
    check(cudaEventElapsedTime(&time, begin_, end_), "cudaEventElapsedTime");
    return time;
  }

 private:
  cudaEvent_t begin_ = nullptr, end_ = nullptr;
};

inline bool is_capturing(cudaStream_t stream) {
  cudaStreamCaptureStatus status;
  check(cudaStreamIsCapturing(stream, &status), "cudaStreamIsCapturing");
  return status != cudaStreamCaptureStatusNone;
}

/// The place of the fastest among `found` algorithms that give the first one's bits, so that the
/// choice changes nothing but time: a run repeats bit for bit whichever it falls on. multiply(i,
/// to) runs algorithm i on the operands at hand, with a result of `bytes`; what it does not support
/// it refuses. Takes some milliseconds, once for each product, and the result's memory twice.
template <class Device, class Multiply>
int fastest_algorithm(Device& device, int found, std::size_t bytes, const Multiply& multiply) {
  const cudaStream_t stream = device.stream();
  if (found < 2 || is_capturing(stream)) return 0;
  const Trial first{bytes}, other{bytes}, differs{sizeof(int)};
  if (!first || !other || !differs) return 0;
  const auto same_bits = [&] {
    int result = 0;
    const auto words = static_cast<Index>(bytes / sizeof(std::uint16_t));
    differs.clear(stream);
    start(device, "compare_bits", one_each(words), compare_bits<std::uint16_t>,
          static_cast<const std::uint16_t*>(first.data()),
          static_cast<const std::uint16_t*>(other.data()), words,
          static_cast<int*>(differs.data()));
    check(cudaMemcpyAsync(&result, differs.data(), sizeof result, cudaMemcpyDeviceToHost, stream),
          "cudaMemcpyAsync");
    check(cudaStreamSynchronize(stream), "cudaStreamSynchronize");
    return result == 0;
  };

  Stopwatch stopwatch;
  constexpr int rounds = 3;
  float shortest = std::numeric_limits<float>::infinity();
  int best = 0;
  first.clear(stream);
  for (int i = 0; i < found; ++i) {
    const Trial& to = i == 0 ? first : other;
    to.clear(stream);
    if (!multiply(i, to.data()) || (i > 0 && !same_bits())) continue;
    for (int round = 0; round < rounds; ++round) {
      const float time = stopwatch(stream, [&] { multiply(i, other.data()); });
      if (time < shortest) shortest = time, best = i;
    }
  }
  return best;
}

}  // namespace extrema::cuda::detail
