// SPDX-License-Identifier: MIT
// IEEE half precision: storage for activations and operands of products where a card has no
// bfloat16 (before Ampere). Its least normal number is 6e-5: gradients need a factor on the loss
// (ops/step.hpp).
#pragma once

#include <cstdint>

#include "extrema/core/config.hpp"

namespace extrema {

/// Reads as a float without loss; a float is rounded to it, to nearest and ties to even, beyond
/// 65504 to infinity.
struct float16 {
  std::uint16_t bits;

  float16() = default;
  EXTREMA_HOST_DEVICE constexpr explicit float16(float value)
      : bits{round(__builtin_bit_cast(std::uint32_t, value))} {}
  EXTREMA_HOST_DEVICE constexpr explicit float16(double value)
      : float16{static_cast<float>(value)} {}
  static constexpr float16 from_bits(std::uint16_t bits) {
    float16 result{0.f};
    result.bits = bits;
    return result;
  }

  /// The exponent's bias is mended by a product, which does subnormal numbers right too.
  EXTREMA_HOST_DEVICE constexpr operator float() const {
    const std::uint32_t magnitude = (bits & 0x7fffu) << 13;
    const bool finite = (bits & 0x7c00u) != 0x7c00u;
    const float value = finite ? __builtin_bit_cast(float, magnitude) * 0x1p112f
                               : __builtin_bit_cast(float, magnitude | 0x7f800000u);
    return (bits & 0x8000u) ? -value : value;
  }

 private:
  EXTREMA_HOST_DEVICE static constexpr std::uint16_t round(std::uint32_t x) {
    const std::uint32_t sign = x >> 16 & 0x8000u, magnitude = x & 0x7fffffffu;
    constexpr std::uint32_t infinity = 0x7f800000u, too_large = 0x47800000u,  // 65536
        least_normal = 0x38800000u, half = 0x3f000000u;
    std::uint32_t result = 0;
    if (magnitude > infinity) result = 0x7e00u;  // NaN stays NaN
    else if (magnitude >= too_large) result = 0x7c00u;
    else if (magnitude < least_normal)  // a sum with 0.5 is rounded where the subnormal ends
      result =
          __builtin_bit_cast(std::uint32_t, __builtin_bit_cast(float, magnitude) + 0.5f) - half;
    else result = (magnitude + 0xfffu + (magnitude >> 13 & 1u) - 0x38000000u) >> 13;
    return static_cast<std::uint16_t>(sign | result);
  }
};

}  // namespace extrema
