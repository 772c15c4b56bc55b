// SPDX-License-Identifier: MIT
// CRC-32C (Castagnoli, RFC 3720), which checkpoints and TensorBoard's records carry. Eight bytes a
// step by eight tables (Kounavis and Berry, ISCC 2005).
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

namespace extrema::io {

namespace detail {

using CrcTables = std::array<std::array<std::uint32_t, 256>, 8>;

/// Table k holds the remainder of a byte that k more bytes follow.
constexpr CrcTables make_crc_tables() {
  CrcTables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1u) ? 0x82F63B78u : 0u);
    tables[0][byte] = crc;
  }
  for (std::size_t k = 1; k < 8; ++k)
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[k - 1][byte];
      tables[k][byte] = (before >> 8) ^ tables[0][before & 0xFFu];
    }
  return tables;
}

inline constexpr CrcTables crc_tables = make_crc_tables();

}  // namespace detail

/// The checksum of bytes that come in pieces.
class Crc32c {
 public:
  void update(std::string_view bytes) {
    static_assert(std::endian::native == std::endian::little);
    const auto& table = detail::crc_tables;
    for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
      std::uint64_t word;
      std::memcpy(&word, bytes.data(), 8);
      word ^= rest_;
      rest_ = 0;
      for (std::size_t k = 0; k < 8; ++k) rest_ ^= table[7 - k][word >> (8 * k) & 0xFFu];
    }
    for (const char c : bytes)
      rest_ = (rest_ >> 8) ^ table[0][(rest_ ^ static_cast<unsigned char>(c)) & 0xFFu];
  }
  void update(const void* data, std::size_t bytes) {
    update(std::string_view{static_cast<const char*>(data), bytes});
  }
  std::uint32_t value() const { return ~rest_; }

 private:
  std::uint32_t rest_ = ~0u;
};

inline std::uint32_t crc32c(std::string_view bytes) {
  Crc32c crc;
  crc.update(bytes);
  return crc.value();
}

/// Eight digits: "e3069283".
inline std::string hexadecimal(std::uint32_t value) {
  char digits[9];
  std::snprintf(digits, sizeof digits, "%08x", value);
  return digits;
}

}  // namespace extrema::io
