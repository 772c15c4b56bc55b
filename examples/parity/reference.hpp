// SPDX-License-Identifier: MIT
// A file of reference data: tensors, and metadata in JSON that says how they came about.
#pragma once

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "extrema/core/grid.hpp"
#include "extrema/io/safetensors.hpp"

namespace parity {

using extrema::Error;
using extrema::Grid;
using extrema::ImageExtent;
using extrema::Index;

/// It notes which tensors were asked for, so that none is left out unnoticed.
class Reference {
 public:
  explicit Reference(const std::string& path) : file_{path} {}

  const std::string& path() const { return file_.path(); }
  const std::string& kind() const { return entry("kind"); }

  /// A metadata entry: text, or the JSON in it.
  const std::string& entry(const std::string& name) const {
    const auto found = file_.metadata().find(name);
    if (found == file_.metadata().end())
      throw Error{path(), ": its metadata has no `", name, "`: it is no reference file"};
    return found->second;
  }
  nlohmann::json json(const std::string& name) const { return nlohmann::json::parse(entry(name)); }
  bool has_entry(const std::string& name) const { return file_.metadata().contains(name); }

  bool has(const std::string& tensor) const { return file_.find(tensor) != nullptr; }
  const extrema::io::Shape& shape(const std::string& tensor) const {
    return file_.tensor(tensor).shape();
  }
  template <class T = double>
  std::vector<T> values(const std::string& tensor) const {
    used_.insert(tensor);
    return file_.tensor(tensor).as<T>();
  }
  double value(const std::string& tensor) const {
    const auto all = values(tensor);
    if (all.size() != 1)
      throw Error{path(), ": tensor ", tensor, " has ", all.size(), " numbers, expected 1"};
    return all[0];
  }

  /// Names that begin so, without the beginning.
  std::vector<std::string> names(std::string_view prefix) const {
    std::vector<std::string> result;
    for (const auto& tensor : file_.tensors())
      if (tensor.name().starts_with(prefix)) result.push_back(tensor.name().substr(prefix.size()));
    return result;
  }
  std::vector<std::string> unused() const {
    std::vector<std::string> result;
    for (const auto& tensor : file_.tensors())
      if (!used_.contains(tensor.name())) result.push_back(tensor.name());
    return result;
  }

  /// Of a tensor (B, C, H, W).
  ImageExtent extent(const std::string& tensor) const {
    const auto& s = shape(tensor);
    if (s.size() != 4)
      throw Error{path(), ": tensor ", tensor, " has ", s.size(), " dimensions, expected B C H W"};
    return {static_cast<int>(s[1]), static_cast<int>(s[2]), static_cast<int>(s[3])};
  }

 private:
  extrema::io::Safetensors file_;
  mutable std::set<std::string> used_;
};

}  // namespace parity
