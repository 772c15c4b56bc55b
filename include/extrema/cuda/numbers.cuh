// SPDX-License-Identifier: MIT
// How kernels read and write numbers: several at a time where they lie well, computing on the Wide
// type whatever memory holds.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "extrema/core/precision.hpp"
#include "extrema/core/tensor.hpp"

namespace extrema::cuda {

/// What T is computed with: float, double for double.
template <class T>
using WideOf = typename Precision<std::remove_const_t<T>>::Wide;

/// The most bytes that one instruction moves for a thread.
inline constexpr int widest_access = 16;

/// How many elements of the largest of these types that is.
template <class... T>
inline constexpr int pack_size = widest_access / static_cast<int>(std::max({sizeof(T)...}));

/// n neighbours, which are moved by one access (by several where they are more than 16 bytes).
template <class T, int n>
struct alignas(std::min<std::size_t>(sizeof(T) * n, widest_access)) Pack {
  T at[n];
};

/// Whether each of these pointers may be read and written in packs of n (null ones are not).
template <int n, class... T>
bool in_packs(const T*... pointers) {
  return ((reinterpret_cast<std::uintptr_t>(pointers) % alignof(Pack<T, n>) == 0) && ...);
}

template <int n, class T>
__device__ Pack<std::remove_const_t<T>, n> load(T* from) {
  return *reinterpret_cast<const Pack<std::remove_const_t<T>, n>*>(from);
}
template <int n, class T>
__device__ void store(T* to, const Pack<T, n>& values) {
  *reinterpret_cast<Pack<T, n>*>(to) = values;
}

template <class T, int n>
__device__ Pack<WideOf<T>, n> widen(const Pack<T, n>& x) {
  Pack<WideOf<T>, n> result;
#pragma unroll
  for (int i = 0; i < n; ++i) {
    if constexpr (std::is_same_v<T, float16>)
      result.at[i] = __half2float(__ushort_as_half(x.at[i].bits));
    else result.at[i] = static_cast<WideOf<T>>(x.at[i]);
  }
  return result;
}

/// Rounded to nearest; two numbers of 16 bits by one instruction (bfloat16 from compute capability
/// 8.0 on).
template <class T, class W, int n>
__device__ Pack<T, n> narrow(const Pack<W, n>& x) {
  Pack<T, n> result;
  if constexpr (std::is_same_v<T, bfloat16> && std::is_same_v<W, float> && n % 2 == 0) {
#pragma unroll
    for (int i = 0; i < n; i += 2) {
      const __nv_bfloat162 two = __floats2bfloat162_rn(x.at[i], x.at[i + 1]);
      result.at[i].bits = __bfloat16_as_ushort(two.x);
      result.at[i + 1].bits = __bfloat16_as_ushort(two.y);
    }
  } else if constexpr (std::is_same_v<T, float16> && std::is_same_v<W, float> && n % 2 == 0) {
#pragma unroll
    for (int i = 0; i < n; i += 2) {
      const __half2 two = __floats2half2_rn(x.at[i], x.at[i + 1]);
      result.at[i].bits = __half_as_ushort(two.x);
      result.at[i + 1].bits = __half_as_ushort(two.y);
    }
  } else {
#pragma unroll
    for (int i = 0; i < n; ++i) result.at[i] = static_cast<T>(x.at[i]);
  }
  return result;
}

/// to = values, or to += values, rounded once. Returns what stands there.
template <class T, class W, int n>
__device__ Pack<T, n> put(T* to, Pack<W, n> values, bool accumulate) {
  if (accumulate) {
    const auto old = widen(load<n>(to));
#pragma unroll
    for (int i = 0; i < n; ++i) values.at[i] += old.at[i];
  }
  const auto result = narrow<T>(values);
  store(to, result);
  return result;
}

}  // namespace extrema::cuda
