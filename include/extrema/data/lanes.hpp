// SPDX-License-Identifier: MIT
// Four weighted sums of bytes at once: the inner loop of resizing colour images. (g++ does not find
// this by itself, and is three times slower. The results are the same with and without SSE4.1.)
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#ifdef __SSE4_1__
#include <smmintrin.h>
#endif

namespace extrema::data::detail {

class Lanes {
 public:
#ifdef __SSE4_1__
  explicit Lanes(std::int32_t start) : sums_{_mm_set1_epi32(start)} {}

  /// Lane c grows by bytes[c] * weight.
  void add(const std::uint8_t* bytes, std::int32_t weight) {
    int four;
    std::memcpy(&four, bytes, 4);
    const __m128i wide = _mm_cvtepu8_epi32(_mm_cvtsi32_si128(four));
    sums_ = _mm_add_epi32(sums_, _mm_mullo_epi32(wide, _mm_set1_epi32(weight)));
  }

  /// The lanes without their fraction, clamped to bytes; lane 0 is the lowest.
  template <int fraction_bits>
  std::uint32_t bytes() const {
    const __m128i whole = _mm_srai_epi32(sums_, fraction_bits);
    const __m128i words = _mm_packus_epi32(whole, whole);
    return static_cast<std::uint32_t>(_mm_cvtsi128_si32(_mm_packus_epi16(words, words)));
  }

 private:
  __m128i sums_;
#else
  explicit Lanes(std::int32_t start) { std::fill_n(sums_, 4, start); }

  void add(const std::uint8_t* bytes, std::int32_t weight) {
    for (int c = 0; c < 4; ++c) sums_[c] += bytes[c] * weight;
  }

  template <int fraction_bits>
  std::uint32_t bytes() const {
    std::uint32_t result = 0;
    for (int c = 3; c >= 0; --c)
      result =
          result << 8 | static_cast<std::uint32_t>(std::clamp(sums_[c] >> fraction_bits, 0, 255));
    return result;
  }

 private:
  std::int32_t sums_[4];
#endif
};

}  // namespace extrema::data::detail
