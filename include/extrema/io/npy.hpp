// SPDX-License-Identifier: MIT
// Arrays as NumPy saves them (.npy, version 1.0).
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "extrema/io/atomic_file.hpp"
#include "extrema/io/mapped_file.hpp"
#include "extrema/io/stored_tensor.hpp"

namespace extrema::io {

namespace detail {

inline constexpr std::string_view npy_magic{"\x93NUMPY\x01\x00", 8};

/// "<f4", "|u1": order of bytes, kind, size.
template <Element T>
std::string npy_type() {
  static_assert(!std::same_as<T, bfloat16>, "npy: NumPy has no bfloat16, convert to float");
  const char kind = std::floating_point<T> ? 'f' : std::signed_integral<T> ? 'i' : 'u';
  return text(sizeof(T) == 1 ? '|' : '<', kind, sizeof(T));
}

/// What a file says of its array, and the bytes of its elements.
class NpyHeader {
 public:
  Shape shape;
  std::string_view data;

  NpyHeader(const MappedFile& file, const std::string& type) : path_{file.path()} {
    const std::string_view bytes = file.bytes();
    const std::size_t before = npy_magic.size() + 2;
    if (!bytes.starts_with(npy_magic) || bytes.size() < before) fail("is not a .npy 1.0 file");
    std::uint16_t size = 0;
    std::memcpy(&size, bytes.data() + npy_magic.size(), sizeof size);
    if (bytes.size() < before + size) fail("is truncated in its header");
    dictionary_ = bytes.substr(before, size);
    data = bytes.substr(before + size);

    const std::string_view descr = value("'descr'");
    if (!descr.starts_with(text('\'', type, '\'')))
      fail("expected elements '", type, "', found ", descr.substr(0, descr.find(',')));
    if (!value("'fortran_order'").starts_with("False")) fail("expected row-major order");
    const std::size_t expected = parse_shape() * static_cast<std::size_t>(type.back() - '0');
    if (data.size() != expected)
      fail("expected ", expected, " bytes for ", shape_text(shape), ", found ", data.size());
  }

 private:
  template <class... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    throw Error{path_, ": ", parts...};
  }

  /// What follows a key of the dictionary.
  std::string_view value(std::string_view key) const {
    const std::size_t at = dictionary_.find(key);
    if (at == dictionary_.npos) fail("its header lacks ", key);
    const std::size_t begin = dictionary_.find_first_not_of(": ", at + key.size());
    return dictionary_.substr(std::min(begin, dictionary_.size()));
  }

  /// The number of elements.
  std::size_t parse_shape() {
    std::size_t count = 1;
    std::string_view extents = value("'shape'");
    extents = extents.substr(0, extents.find(')'));
    for (std::size_t at; (at = extents.find_first_of("0123456789")) != extents.npos;) {
      extents.remove_prefix(at);
      std::size_t extent = 0;
      const auto end = std::from_chars(extents.data(), extents.data() + extents.size(), extent);
      if (end.ec != std::errc{} || (extent != 0 && count > PTRDIFF_MAX / 8 / extent))
        fail("its shape overflows");
      extents.remove_prefix(static_cast<std::size_t>(end.ptr - extents.data()));
      count *= extent;
      shape.push_back(static_cast<Index>(extent));
    }
    return count;
  }

  std::string path_;
  std::string_view dictionary_;
};

}  // namespace detail

/// An array in row-major order, read back.
template <Element T>
struct Array {
  Shape shape;
  std::vector<T> values;
};

/// Replaces the file at `path` by an array of this shape, whole or not at all: features (N, D), ...
template <Element T>
void write_npy(const std::string& path, const Shape& shape, std::span<const T> values) {
  Index size = 1;
  std::string extents;
  for (const Index extent : shape) {
    size *= extent;
    extents += text(extents.empty() ? "" : ", ", extent);
  }
  if (size != std::ssize(values))
    throw Error{path, ": an array of shape ", shape_text(shape), " has ",
                size, " elements, not ",      values.size()};
  if (shape.size() == 1) extents += ',';  // as Python writes it
  std::string header = text("{'descr': '", detail::npy_type<T>(),
                            "', 'fortran_order': False, 'shape': (", extents, "), }");
  const std::size_t before = detail::npy_magic.size() + sizeof(std::uint16_t);
  header.resize((before + header.size() + 1 + 63) / 64 * 64 - before, ' ');
  header.back() = '\n';
  const auto header_size = static_cast<std::uint16_t>(header.size());

  AtomicFile file{path};
  file.write(detail::npy_magic);
  file.write(&header_size, sizeof header_size);
  file.write(header);
  file.write(values.data(), values.size_bytes());
  file.commit();
}

/// An array of exactly this element type, in row-major order.
template <Element T>
Array<T> read_npy(const std::string& path) {
  const MappedFile file{path};
  const detail::NpyHeader header{file, detail::npy_type<T>()};
  Array<T> result{header.shape, std::vector<T>(header.data.size() / sizeof(T))};
  if (!header.data.empty())
    std::memcpy(result.values.data(), header.data.data(), header.data.size());
  return result;
}

}  // namespace extrema::io
