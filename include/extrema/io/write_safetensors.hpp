// SPDX-License-Identifier: MIT
// Writes a safetensors file: whole or not at all, with a checksum in its metadata, and without a
// second copy of the tensors in memory.
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "extrema/io/atomic_file.hpp"
#include "extrema/io/safetensors.hpp"

namespace extrema::io {

/// A tensor to be written: row-major host memory of this shape.
struct TensorSource {
  std::string name;
  Dtype dtype = Dtype::f32;
  Shape shape;
  const void* data = nullptr;

  std::size_t bytes() const {
    return size_of(dtype) * static_cast<std::size_t>(std::accumulate(shape.begin(), shape.end(),
                                                                     Index{1}, std::multiplies{}));
  }
};

template <Element T>
TensorSource source(std::string name, Shape shape, const T* data) {
  return {std::move(name), dtype_of<T>(), std::move(shape), data};
}

namespace detail {

/// The header with its size before it and spaces after it, so that the data begins aligned. (The
/// keys stand in the order of the tensors, the checksum first.)
inline std::string safetensors_header(std::span<const TensorSource* const> tensors,
                                      const Metadata& metadata) {
  nlohmann::ordered_json header;
  auto& head = header["__metadata__"] = {{"crc32c", "00000000"}};
  for (const auto& [key, value] : metadata) head[key] = value;
  std::size_t begin = 0;
  for (const TensorSource* tensor : tensors) {
    if (tensor->name == "__metadata__" || header.contains(tensor->name))
      throw Error{"write_safetensors: two tensors are named \"", tensor->name, "\""};
    const std::size_t end = begin + tensor->bytes();
    header[tensor->name] = {
        {"dtype", name(tensor->dtype)}, {"shape", tensor->shape}, {"data_offsets", {begin, end}}};
    begin = end;
  }
  std::string bytes = header.dump();
  bytes.resize((bytes.size() + 7) / 8 * 8, ' ');
  const std::uint64_t size = bytes.size();
  return std::string{reinterpret_cast<const char*>(&size), sizeof size} + bytes;
}

}  // namespace detail

/// Replaces the file at `path`. Tensors stand in the given order, those of wide elements first, so
/// that each is aligned. The metadata may not hold "crc32c".
inline void write_safetensors(const std::string& path, std::span<const TensorSource> tensors,
                              const Metadata& metadata = {}) {
  if (metadata.contains("crc32c"))
    throw Error{"write_safetensors: the metadata's entry crc32c is the writer's own"};
  std::vector<const TensorSource*> ordered;
  for (const auto& tensor : tensors) ordered.push_back(&tensor);
  std::ranges::stable_sort(ordered, std::greater{},
                           [](const TensorSource* t) { return size_of(t->dtype); });
  std::string header = detail::safetensors_header(ordered, metadata);

  Crc32c crc;
  crc.update(header);
  for (const TensorSource* tensor : ordered) crc.update(tensor->data, tensor->bytes());
  const std::string entry = checksum_entry(hexadecimal(crc.value()));
  header.replace(header.find(checksum_entry("00000000")), entry.size(), entry);

  AtomicFile file{path};
  file.write(header);
  for (const TensorSource* tensor : ordered) file.write(tensor->data, tensor->bytes());
  file.commit();
}

}  // namespace extrema::io
