// SPDX-License-Identifier: MIT
// A queue of the card's work, on a card that was looked at first.
#pragma once

#include <utility>

#include "extrema/cuda/error.cuh"

namespace extrema::cuda {

/// Throws Error in one line where no kernel could run: no driver or an old one, no card, a card
/// that is too old.
inline void require_card() {
  constexpr int least = 75;  // compute capability 7.5, Turing
  int count = 0, card = 0, major = 0, minor = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error == cudaErrorInsufficientDriver)
    throw Error{"CUDA: the NVIDIA driver is missing, or older than the toolkit of this program (",
                CUDART_VERSION / 1000, ".", CUDART_VERSION % 1000 / 10,
                "): update the driver, or build with an older toolkit"};
  if (error == cudaErrorNoDevice || (error == cudaSuccess && count == 0))
    throw Error{
        "CUDA: no GPU was found (is CUDA_VISIBLE_DEVICES set to none?); use the CPU instead"};
  check(error, "CUDA: looking for a GPU");
  check(cudaGetDevice(&card), "cudaGetDevice");
  check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, card),
        "cudaDeviceGetAttribute");
  check(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, card),
        "cudaDeviceGetAttribute");
  if (10 * major + minor < least)
    throw Error{"CUDA: GPU ",
                card,
                " has compute capability ",
                major,
                ".",
                minor,
                ", and 7.5 (Turing) is the least: use a newer one, or the CPU"};
}

class Queue {
 public:
  Queue() {
    require_card();
    check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreate");
  }
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;
  ~Queue() { cudaStreamDestroy(stream_); }

  cudaStream_t get() const { return stream_; }
  void synchronise() const { check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize"); }

 private:
  cudaStream_t stream_ = nullptr;
};

}  // namespace extrema::cuda
