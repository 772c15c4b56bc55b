// SPDX-License-Identifier: MIT
// The card's memory, and pinned host memory that transfers read while the host goes on.
#pragma once

#include <atomic>
#include <cstddef>
#include <map>
#include <mutex>

#include "extrema/cuda/error.cuh"

namespace extrema::cuda {

/// How much of the card this process has taken by Memory.
class Held {
 public:
  static std::size_t now() { return self().bytes_; }
  static std::size_t peak() { return self().peak_; }
  static void add(const void* pointer, std::size_t bytes) {
    const std::scoped_lock lock{self().mutex_};
    self().sizes_[pointer] = bytes;
    self().bytes_ += bytes;
    if (self().bytes_ > self().peak_) self().peak_ = self().bytes_.load();
  }
  static void remove(const void* pointer) {
    const std::scoped_lock lock{self().mutex_};
    const auto found = self().sizes_.find(pointer);
    if (found == self().sizes_.end()) return;
    self().bytes_ -= found->second;
    self().sizes_.erase(found);
  }

 private:
  static Held& self() {
    static Held held;
    return held;
  }
  std::mutex mutex_;
  std::map<const void*, std::size_t> sizes_;
  std::atomic<std::size_t> bytes_ = 0, peak_ = 0;
};

struct Memory {
  static constexpr std::size_t alignment = 256;

  /// Throws Error that says what was asked, what is held and what is free where there is too
  /// little.
  static void* allocate(std::size_t bytes) {
    void* pointer = nullptr;
    if (bytes == 0) return pointer;
    const cudaError_t error = cudaMalloc(&pointer, bytes);
    if (error == cudaErrorMemoryAllocation) refuse(bytes);
    check(error, "cudaMalloc");
    Held::add(pointer, bytes);
    return pointer;
  }
  static void deallocate(void* pointer) {
    Held::remove(pointer);
    cudaFree(pointer);
  }

 private:
  [[noreturn]] static void refuse(std::size_t bytes) {
    cudaGetLastError();
    std::size_t free = 0, total = 0;
    cudaMemGetInfo(&free, &total);
    const auto mebibytes = [](std::size_t n) { return (n + (1u << 20) - 1) >> 20; };
    throw Error{"out of GPU memory: asked for ",
                mebibytes(bytes),
                " MiB; this process holds ",
                mebibytes(Held::now()),
                " MiB, ",
                mebibytes(free),
                " of the card's ",
                mebibytes(total),
                " MiB are free: take a smaller batch, or cut it into more micro-batches"};
  }
};

struct PinnedMemory {
  static constexpr std::size_t alignment = 64;
  static void* allocate(std::size_t bytes) {
    void* pointer = nullptr;
    if (bytes > 0) check(cudaMallocHost(&pointer, bytes), "cudaMallocHost");
    return pointer;
  }
  static void deallocate(void* pointer) { cudaFreeHost(pointer); }
};

}  // namespace extrema::cuda
