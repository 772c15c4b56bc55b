// SPDX-License-Identifier: MIT
// Arrays written and read back, byte for byte as NumPy writes them.
#include "extrema/io/npy.hpp"

#include <doctest/doctest.h>

#include <numeric>

#include "temporary_folder.hpp"

using namespace extrema;
using namespace extrema::io;

namespace {

template <class T>
void round_trip(const TemporaryFolder& folder, const Shape& shape, std::size_t size) {
  std::vector<T> values(size);
  std::iota(values.begin(), values.end(), T{3});
  write_npy(folder / "a.npy", shape, std::span<const T>{values});
  const auto read = read_npy<T>(folder / "a.npy");
  CHECK(read.shape == shape);
  CHECK(read.values == values);
}

}  // namespace

TEST_CASE("arrays of any shape and type") {
  const TemporaryFolder folder;
  round_trip<float>(folder, {3, 5}, 15);
  round_trip<double>(folder, {7}, 7);
  round_trip<std::int64_t>(folder, {2, 1, 3}, 6);
  round_trip<std::uint8_t>(folder, {}, 1);
  round_trip<std::int32_t>(folder, {0, 4}, 0);
}

TEST_CASE("the bytes are NumPy's own") {
  const TemporaryFolder folder;
  const std::vector<float> values{1, 2};
  write_npy(folder / "a.npy", {2, 1}, std::span{values});
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }";
  header.resize(117, ' ');
  CHECK(read_file(folder / "a.npy") == std::string{"\x93NUMPY\1\0\x76\0", 10} + header + "\n" +
                                           std::string{"\0\0\x80\x3F\0\0\0\x40", 8});
}

TEST_CASE("what is something else is refused by name") {
  const TemporaryFolder folder;
  const std::string path = folder / "a.npy";
  const std::vector<float> values{1, 2};
  CHECK(contains(message([&] { write_npy(path, {3}, std::span{values}); }),
                 "of shape [3] has 3 elements, not 2"));
  write_npy(path, {2}, std::span{values});
  const std::string whole = read_file(path);
  const auto refusal = [&](const std::string& bytes) {
    write_file(path, bytes);
    return message([&] { read_npy<float>(path); });
  };
  CHECK(refusal(whole) == "");
  CHECK(contains(refusal(""), "not a .npy"));
  CHECK(contains(refusal(whole.substr(0, 50)), "truncated in its header"));
  CHECK(contains(refusal(whole.substr(0, 135)), "expected 8 bytes for [2], found 7"));
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string bytes = whole;
    return refusal(bytes.replace(bytes.find(from), from.size(), to));
  };
  CHECK(contains(changed("<f4", "<f8"), "expected elements '<f4', found '<f8'"));
  CHECK(contains(changed("False", "True "), "expected row-major order"));
  CHECK(contains(changed("shape", "sharp"), "its header lacks 'shape'"));
  CHECK(contains(changed("(2,), }                 ", "(99999999999,99999999,)}"), "overflows"));
}
