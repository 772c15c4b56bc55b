// SPDX-License-Identifier: MIT
// The element types of stored tensors, under the names that safetensors gives them.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

#include "extrema/core/bfloat16.hpp"
#include "extrema/core/float16.hpp"

namespace extrema::io {

enum class Dtype : std::uint8_t {
  boolean,
  u8,
  i8,
  i16,
  u16,
  f16,
  bf16,
  i32,
  u32,
  f32,
  f64,
  i64,
  u64
};

template <class T>
concept FloatingElement =
    std::floating_point<T> || std::same_as<T, bfloat16> || std::same_as<T, float16>;
template <class T>
concept IntegralElement = std::integral<T> && !std::same_as<T, bool>;
/// What a tensor may be read as, or written from.
template <class T>
concept Element = FloatingElement<T> || IntegralElement<T>;

namespace detail {
struct DtypeTraits {
  std::string_view name;
  std::size_t size;
};
inline constexpr std::array<DtypeTraits, 13> dtypes{{{"BOOL", 1},
                                                     {"U8", 1},
                                                     {"I8", 1},
                                                     {"I16", 2},
                                                     {"U16", 2},
                                                     {"F16", 2},
                                                     {"BF16", 2},
                                                     {"I32", 4},
                                                     {"U32", 4},
                                                     {"F32", 4},
                                                     {"F64", 8},
                                                     {"I64", 8},
                                                     {"U64", 8}}};
}  // namespace detail

constexpr std::string_view name(Dtype dtype) {
  return detail::dtypes[static_cast<std::size_t>(dtype)].name;
}
/// In bytes.
constexpr std::size_t size_of(Dtype dtype) {
  return detail::dtypes[static_cast<std::size_t>(dtype)].size;
}
constexpr std::optional<Dtype> dtype_named(std::string_view name) {
  for (std::size_t i = 0; i < detail::dtypes.size(); ++i)
    if (detail::dtypes[i].name == name) return static_cast<Dtype>(i);
  return std::nullopt;
}

template <Element T>
constexpr Dtype dtype_of() {
  if constexpr (std::same_as<T, float>) return Dtype::f32;
  else if constexpr (std::same_as<T, double>) return Dtype::f64;
  else if constexpr (std::same_as<T, bfloat16>) return Dtype::bf16;
  else if constexpr (std::same_as<T, float16>) return Dtype::f16;
  else if constexpr (sizeof(T) == 1) return std::signed_integral<T> ? Dtype::i8 : Dtype::u8;
  else if constexpr (sizeof(T) == 2) return std::signed_integral<T> ? Dtype::i16 : Dtype::u16;
  else if constexpr (sizeof(T) == 4) return std::signed_integral<T> ? Dtype::i32 : Dtype::u32;
  else return std::signed_integral<T> ? Dtype::i64 : Dtype::u64;
}

/// Calls `f(std::type_identity<T>{})` with the type that a stored one is read by; a boolean is a
/// byte.
constexpr decltype(auto) visit(Dtype dtype, auto&& f) {
  switch (dtype) {
    case Dtype::i8:
      return f(std::type_identity<std::int8_t>{});
    case Dtype::i16:
      return f(std::type_identity<std::int16_t>{});
    case Dtype::u16:
      return f(std::type_identity<std::uint16_t>{});
    case Dtype::f16:
      return f(std::type_identity<float16>{});
    case Dtype::bf16:
      return f(std::type_identity<bfloat16>{});
    case Dtype::i32:
      return f(std::type_identity<std::int32_t>{});
    case Dtype::u32:
      return f(std::type_identity<std::uint32_t>{});
    case Dtype::f32:
      return f(std::type_identity<float>{});
    case Dtype::f64:
      return f(std::type_identity<double>{});
    case Dtype::i64:
      return f(std::type_identity<std::int64_t>{});
    case Dtype::u64:
      return f(std::type_identity<std::uint64_t>{});
    case Dtype::boolean:
    case Dtype::u8:
      break;
  }
  return f(std::type_identity<std::uint8_t>{});
}

}  // namespace extrema::io
