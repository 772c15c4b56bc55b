// SPDX-License-Identifier: MIT
// Half precision reads as what it is and is rounded to the nearest, everywhere in its range.
#include "extrema/core/float16.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

using extrema::float16;

namespace {

/// By the definition: sign, exponent and fraction.
double value_of(std::uint16_t bits) {
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  const double sign = bits >> 15 ? -1 : 1;
  if (exponent == 31)
    return fraction ? std::numeric_limits<double>::quiet_NaN()
                    : sign * std::numeric_limits<double>::infinity();
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  return sign * std::ldexp(1024 + fraction, exponent - 25);
}

std::uint16_t bits_of(float value) { return float16{value}.bits; }

}  // namespace

TEST_CASE("every number is read as what it is, and written as it was") {
  int wrong = 0;
  for (std::uint32_t i = 0; i < 0x10000; ++i) {
    const auto bits = static_cast<std::uint16_t>(i);
    const float read = float16::from_bits(bits);
    if (std::isnan(value_of(bits))) wrong += !std::isnan(read) || !std::isnan(float{float16{read}});
    else wrong += static_cast<double>(read) != value_of(bits) || bits_of(read) != bits;
  }
  CHECK(wrong == 0);
}

TEST_CASE("what lies between two numbers goes to the nearer, from the middle to the even one") {
  int wrong = 0;
  for (std::uint16_t low = 0; low < 0x7bff; ++low) {
    const auto high = static_cast<std::uint16_t>(low + 1);
    const auto middle = static_cast<float>((value_of(low) + value_of(high)) / 2);
    wrong += bits_of(middle) != (low % 2 == 0 ? low : high);
    wrong += bits_of(std::nextafter(middle, 0.f)) != low;
    wrong += bits_of(std::nextafter(middle, 1e9f)) != high;
    wrong += bits_of(-std::nextafter(middle, 1e9f)) != (high | 0x8000);
  }
  CHECK(wrong == 0);
}

TEST_CASE("beyond the greatest number there is infinity") {
  CHECK(bits_of(65504) == 0x7bff);
  CHECK(bits_of(std::nextafter(65520.f, 0.f)) == 0x7bff);
  CHECK(bits_of(65520) == 0x7c00);
  CHECK(bits_of(1e30f) == 0x7c00);
  CHECK(bits_of(-std::numeric_limits<float>::infinity()) == 0xfc00);
  CHECK(bits_of(1e-30f) == 0);
  CHECK(bits_of(-0.f) == 0x8000);
  CHECK(std::isnan(float{float16{std::numeric_limits<float>::quiet_NaN()}}));
}
