// SPDX-License-Identifier: MIT
// Tensors of a file into the places of a model: all of them, or an error that lists what does not
// fit.
#pragma once

#include <algorithm>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "extrema/io/safetensors.hpp"

namespace extrema::io {

/// A place to be filled: row-major host memory of this shape, made by target().
struct TensorTarget {
  std::string name;
  Shape shape;
  void* data = nullptr;
  void (*fill)(const StoredTensor& from, void* to) = nullptr;
};

template <Element T>
TensorTarget target(std::string name, Shape shape, T* data) {
  return {std::move(name), std::move(shape), data, [](const StoredTensor& from, void* to) {
            from.copy_to(std::span{static_cast<T*>(to), static_cast<std::size_t>(from.size())});
          }};
}

/// What must find its partner.
enum class Matching {
  all,      // every place its tensor, and every tensor of the file its place
  targets,  // every place its tensor; the file may hold more
  any,      // what fits is loaded, and the rest reported
};

/// Names that found no partner.
struct Unmatched {
  std::vector<std::string> missing;     // places that the file has no tensor for
  std::vector<std::string> unexpected;  // tensors of the file that have no place
  std::vector<std::string> misshapen;   // "name [3, 4] instead of [5, 4]"

  bool empty() const { return missing.empty() && unexpected.empty() && misshapen.empty(); }

  /// "2 missing (a, b), 1 unexpected (c)", of each kind the first few.
  std::string summary() const {
    std::string result;
    const auto add = [&](const char* kind, const std::vector<std::string>& names) {
      if (names.empty()) return;
      result += text(result.empty() ? "" : ", ", names.size(), " ", kind);
      for (std::size_t i = 0; i < std::min<std::size_t>(names.size(), 4); ++i)
        result += (i == 0 ? " (" : ", ") + names[i];
      result += names.size() > 4 ? ", ...)" : ")";
    };
    add("missing", missing);
    add("unexpected", unexpected);
    add("of another shape", misshapen);
    return result;
  }
};

/// Nothing is written unless everything that `matching` asks for is there. Elements are converted
/// as by StoredTensor::copy_to.
inline Unmatched load_matching(const Safetensors& file, std::span<const TensorTarget> targets,
                               Matching matching = Matching::all) {
  Unmatched unmatched;
  std::set<std::string_view> expected;
  std::vector<const StoredTensor*> found;  // beside the targets; null: none that fits
  for (const auto& target : targets) {
    expected.insert(target.name);
    const StoredTensor* stored = file.find(target.name);
    if (!stored) unmatched.missing.push_back(target.name);
    else if (stored->shape() != target.shape) {
      unmatched.misshapen.push_back(text(target.name, " ", shape_text(stored->shape()),
                                         " instead of ", shape_text(target.shape)));
      stored = nullptr;
    }
    found.push_back(stored);
  }
  for (const auto& stored : file.tensors())
    if (!expected.contains(stored.name())) unmatched.unexpected.push_back(stored.name());

  Unmatched fatal = unmatched;
  if (matching == Matching::any) fatal = {};
  if (matching == Matching::targets) fatal.unexpected.clear();
  if (!fatal.empty())
    throw Error{file.path(), ": does not fit this model of ", targets.size(),
                " tensors: ", fatal.summary()};

  for (std::size_t i = 0; i < targets.size(); ++i)
    if (found[i]) targets[i].fill(*found[i], targets[i].data);
  return unmatched;
}

}  // namespace extrema::io
