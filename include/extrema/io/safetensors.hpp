// SPDX-License-Identifier: MIT
// Named tensors in one file: the safetensors format (8 bytes of header size, a JSON header, the
// data), as PyTorch's and NumPy's tools read and write it.
#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "extrema/io/checksum.hpp"
#include "extrema/io/mapped_file.hpp"
#include "extrema/io/stored_tensor.hpp"

namespace extrema::io {

using Metadata = std::map<std::string, std::string>;

/// How the checksum stands in a header's metadata.
inline std::string checksum_entry(std::string_view digits) {
  return text("\"crc32c\":\"", digits, "\"");
}

/// An open file. Nothing in it is trusted: what is not exactly a safetensors file is an Error with
/// the file, the offset or the tensor; so is a file whose content does not match the checksum that
/// extrema writes (a foreign file has none).
class Safetensors {
 public:
  explicit Safetensors(const std::string& path) : file_{path} {
    parse();
    if (const auto found = metadata_.find("crc32c"); found != metadata_.end())
      verify(found->second);
  }

  const std::string& path() const { return file_.path(); }
  const Metadata& metadata() const { return metadata_; }
  bool has_checksum() const { return metadata_.contains("crc32c"); }
  /// In the order of their data.
  const std::vector<StoredTensor>& tensors() const { return tensors_; }

  const StoredTensor* find(std::string_view name) const {
    const auto found = std::ranges::find(tensors_, name, &StoredTensor::name);
    return found == tensors_.end() ? nullptr : &*found;
  }
  const StoredTensor& tensor(std::string_view name) const {
    if (const auto* const found = find(name)) return *found;
    throw Error{path(), ": has no tensor \"", name, "\" among its ", tensors_.size()};
  }

 private:
  static constexpr std::size_t largest_header = 100'000'000;  // as in the reference implementation

  template <class... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    throw Error{path(), ": ", parts...};
  }

  void parse() {
    const std::string_view bytes = file_.bytes();
    std::uint64_t size = 0;
    if (bytes.size() < sizeof size)
      fail("not a safetensors file: has ", bytes.size(), " bytes, fewer than its header's size");
    std::memcpy(&size, bytes.data(), sizeof size);
    if (size > largest_header)
      fail("not a safetensors file: its first 8 bytes are no header's size");
    if (size > bytes.size() - sizeof size)
      fail("truncated: a header of ", size, " bytes ends beyond the file's ", bytes.size());
    header_ = bytes.substr(sizeof size, size);
    const std::string_view data = bytes.substr(sizeof size + size);
    try {
      const auto entries = nlohmann::json::parse(header_.begin(), header_.end());
      if (!entries.is_object()) fail("the header at offset 8 is not a JSON object");
      for (const auto& [name, entry] : entries.items()) {
        if (name == "__metadata__") metadata_ = entry.get<Metadata>();
        else tensors_.push_back(parse_tensor(name, entry, data));
      }
    } catch (const nlohmann::json::parse_error& error) {
      fail("not a safetensors file, or damaged: its header is no JSON at offset ", 7 + error.byte);
    } catch (const nlohmann::json::exception&) {
      fail("the header's __metadata__ is not an object of strings");
    }
    check_coverage(data);
  }

  StoredTensor parse_tensor(const std::string& name, const nlohmann::json& entry,
                            std::string_view data) const {
    const auto bad = [&](const auto&... parts) { fail("tensor \"", name, "\": ", parts...); };
    std::string dtype_name;
    std::vector<std::uint64_t> extents, range;
    try {
      dtype_name = entry.at("dtype").get<std::string>();
      extents = unsigned_list(entry.at("shape"));
      range = unsigned_list(entry.at("data_offsets"));
    } catch (const nlohmann::json::exception&) {
      bad("expected a dtype, a shape and data_offsets");
    }
    const auto dtype = dtype_named(dtype_name);
    if (!dtype) bad("dtype ", dtype_name, " is not supported");
    std::uint64_t bytes = size_of(*dtype);
    Shape shape;
    for (const std::uint64_t extent : extents) {
      if (extent != 0 && bytes > PTRDIFF_MAX / extent) bad("its shape overflows");
      bytes *= extent;
      shape.push_back(static_cast<Index>(extent));
    }
    if (range.size() != 2 || range[0] > range[1] || range[1] - range[0] != bytes)
      bad("its data_offsets do not span the ", bytes, " bytes of ", dtype_name, " ",
          shape_text(shape));
    if (range[1] > data.size())
      bad("truncated: its data ends at byte ", range[1], ", the file's at ", data.size());
    return {path(), name, *dtype, std::move(shape), data.substr(range[0], bytes)};
  }

  static std::vector<std::uint64_t> unsigned_list(const nlohmann::json& list) {
    std::vector<std::uint64_t> result;
    for (const auto& item : list.get_ref<const nlohmann::json::array_t&>())
      result.push_back(item.get_ref<const nlohmann::json::number_unsigned_t&>());
    return result;
  }

  /// The data holds the tensors and nothing else: no byte twice, none unused.
  void check_coverage(std::string_view data) {
    std::ranges::sort(tensors_, {}, [](const StoredTensor& t) {
      return std::pair{t.bytes().data(), t.bytes().size()};
    });
    const char* end = data.data();
    for (const auto& tensor : tensors_) {
      if (tensor.bytes().data() != end)
        fail("tensor \"", tensor.name(), "\" begins at ", tensor.bytes().data() - data.data(),
             " of the data, where the one before ends at ", end - data.data());
      end += tensor.bytes().size();
    }
    if (end != data.data() + data.size())
      fail("has ", data.data() + data.size() - end, " bytes more than its header tells of");
  }

  /// The checksum is that of the whole file, its own digits taken as zeros.
  void verify(const std::string& digits) const {
    const std::string entry = checksum_entry(digits);
    const std::size_t at = header_.find(entry);
    if (digits.size() == 8 && at != header_.npos) {
      const std::string_view before = file_.bytes().substr(0, 8 + at);
      Crc32c crc;
      crc.update(before);
      crc.update(checksum_entry("00000000"));
      crc.update(file_.bytes().substr(before.size() + entry.size()));
      if (hexadecimal(crc.value()) == digits) return;
    }
    fail("damaged: its content does not match the checksum ", digits,
         " in its header (or a program changed it and kept the old metadata)");
  }

  MappedFile file_;
  std::string_view header_;
  Metadata metadata_;
  std::vector<StoredTensor> tensors_;
};

}  // namespace extrema::io
