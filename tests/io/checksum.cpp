// SPDX-License-Identifier: MIT
// CRC-32C against published values, and in pieces.
#include "extrema/io/checksum.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace extrema::io;

TEST_CASE("the check value and the vectors of RFC 3720, B.4") {
  CHECK(crc32c("123456789") == 0xE3069283u);
  CHECK(crc32c(std::string(32, '\0')) == 0x8A9136AAu);
  CHECK(crc32c(std::string(32, '\xFF')) == 0x62A8AB43u);
  std::string ascending, descending;
  for (int i = 0; i < 32; ++i) {
    ascending += static_cast<char>(i);
    descending += static_cast<char>(31 - i);
  }
  CHECK(crc32c(ascending) == 0x46DD794Eu);
  CHECK(crc32c(descending) == 0x113FDB5Cu);
  CHECK(crc32c("") == 0);
  CHECK(hexadecimal(0x46DD79u) == "0046dd79");
}

TEST_CASE("pieces of any length give the checksum of the whole") {
  std::string bytes;
  for (int i = 0; i < 100; ++i) bytes += static_cast<char>(i * 37);
  for (std::size_t first = 0; first <= bytes.size(); ++first) {
    Crc32c crc;
    crc.update(bytes.data(), first);
    crc.update(bytes.data() + first, bytes.size() - first);
    CHECK(crc.value() == crc32c(bytes));
  }
}
