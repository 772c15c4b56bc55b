// SPDX-License-Identifier: MIT
// How a kernel is started: the one way, cudaLaunchKernelEx with a configuration.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <tuple>
#include <type_traits>
#include <utility>

#include "launch.hpp"

namespace emulator {

/// Refuses what a card of compute capability 9.0 refuses; puts the rest on its stream.
cudaError_t check_launch(const cudaLaunchConfig_t& configuration, const void* kernel);
void enqueue_kernel(cudaStream_t stream, Launch launch);

/// Fails where it points to host memory. (Pinned memory is not mapped to the device here.)
void check_argument(const void* pointer);
template <class T>
void check_if_pointer(const T& argument) {
  if constexpr (std::is_pointer_v<T>) check_argument(static_cast<const void*>(argument));
}

/// Bytes between the members of a structure hold what was there before, perhaps a pointer that is
/// void by now: where they cannot be cleared, arguments are not searched for such.
#if __has_builtin(__builtin_clear_padding)
inline constexpr bool clears_padding = true;
template <class T>
void clear_padding(T& value) {
  if constexpr (std::is_class_v<T>) __builtin_clear_padding(&value);
}
#else
inline constexpr bool clears_padding = false;
template <class T>
void clear_padding(T&) {}
#endif

/// Arguments are copied now, as bytes, as on a GPU.
template <class... P, class... A>
cudaError_t launch(const cudaLaunchConfig_t* configuration, void (*kernel)(P...),
                   A&&... arguments) {
  static_assert((std::is_trivially_copyable_v<std::remove_cv_t<P>> && ...),
                "kernel arguments are copied as bytes: they have to be trivially copyable");
  using Bound = std::tuple<void (*)(P...), std::remove_cv_t<P>...>;
  const auto body = [](const void* bound) {
    std::apply([](auto start, const auto&... values) { start(values...); },
               *static_cast<const Bound*>(bound));
  };
  (check_if_pointer(arguments), ...);
  const auto* const address = reinterpret_cast<const void*>(kernel);
  const cudaError_t error = check_launch(*configuration, address);
  if (error != cudaSuccess) return error;
  const auto extent = [](dim3 d) { return Extent{d.x, d.y, d.z}; };
  struct Storage {
    alignas(Bound) std::byte bytes[sizeof(Bound)] = {};
  };
  const auto storage = std::make_shared<Storage>();
  asm volatile("" : : "r"(storage->bytes) : "memory");  // or the zeros would be left out as dead
  auto* const bound = ::new (storage->bytes) Bound(kernel, std::forward<A>(arguments)...);
  std::apply([](auto&... values) { (clear_padding(values), ...); }, *bound);
  enqueue_kernel(
      configuration->stream,
      Launch{address, extent(configuration->gridDim), extent(configuration->blockDim),
             configuration->dynamicSmemBytes, std::shared_ptr<const void>{storage, bound},
             sizeof(Bound), clears_padding, body});
  return cudaSuccess;
}

}  // namespace emulator

// The toolkit's template of this name gives the arguments' types away before the emulator sees
// them.
#define cudaLaunchKernelEx ::emulator::launch

// The toolkit keeps these overloads for nvcc.
template <class... P>
cudaError_t cudaFuncSetAttribute(void (*kernel)(P...), cudaFuncAttribute attribute, int value) {
  return cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel), attribute, value);
}
template <class... P>
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, void (*kernel)(P...)) {
  return cudaFuncGetAttributes(attributes, reinterpret_cast<const void*>(kernel));
}
