// SPDX-License-Identifier: MIT
// A file that grows by one JSON object a line (jsonlines.org), and is cut where a run resumes.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "extrema/core/tensor.hpp"
#include "extrema/io/mapped_file.hpp"

namespace extrema::io {

/// The objects of a file, in order. Lines that are none, as a full disk may leave them, are passed
/// over.
inline std::vector<nlohmann::ordered_json> read_json_lines(const std::string& path) {
  std::vector<nlohmann::ordered_json> result;
  const MappedFile file{path};
  for (std::string_view rest = file.bytes(); !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    auto object = nlohmann::ordered_json::parse(line.begin(), line.end(), nullptr, false);
    if (object.is_object()) result.push_back(std::move(object));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
  return result;
}

/// Appends to a file. Each line is written whole by one call, so that a kill loses none before it.
class JsonLines {
 public:
  /// Cuts the file at the first line whose "step" is beyond `last_step`, and a last line that was
  /// half written: 0 begins anew.
  JsonLines(std::string path, Index last_step) : path_{std::move(path)} {
    file_ = Descriptor{path_, O_WRONLY | O_CREAT | O_APPEND};
    if (!file_) throw Error{path_, ": cannot be opened: ", system_reason()};
    const std::size_t size = kept(MappedFile{path_}.bytes(), last_step);
    if (::ftruncate(file_.get(), static_cast<off_t>(size)) != 0)
      throw Error{path_, ": cannot be cut to ", size, " bytes: ", system_reason()};
  }

  void write(const nlohmann::ordered_json& object) { file_.write(object.dump() + '\n', path_); }

 private:
  static std::size_t kept(std::string_view bytes, Index last_step) {
    std::size_t begin = 0;
    while (begin < bytes.size()) {
      const std::size_t end = bytes.find('\n', begin);
      if (end == bytes.npos) break;
      const auto object =
          nlohmann::json::parse(bytes.begin() + begin, bytes.begin() + end, nullptr, false);
      if (!object.is_object() && end + 1 == bytes.size()) break;
      if (object.is_object() && object.value("step", Index{0}) > last_step) break;
      begin = end + 1;
    }
    return begin;
  }

  std::string path_;
  Descriptor file_;
};

}  // namespace extrema::io
