// SPDX-License-Identifier: MIT
// Reads a reference dump.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "extrema/core/parameters.hpp"

struct Reference {
  std::map<std::string, std::vector<float>> floats;
  std::map<std::string, std::vector<std::int64_t>> integers;
  std::map<std::string, std::vector<std::uint8_t>> bytes;
  std::map<std::string, std::vector<int>> shapes;
  nlohmann::json metadata;

  explicit Reference(const std::string& name) {
    std::ifstream file{std::string{EXTREMA_TEST_DATA "/"} + name + ".safetensors",
                       std::ios::binary};
    std::uint64_t size = 0;
    file.read(reinterpret_cast<char*>(&size), 8);
    std::string header(size, ' ');
    file.read(header.data(), static_cast<std::streamsize>(size));
    const std::vector<char> contents{std::istreambuf_iterator<char>{file}, {}};
    const auto entries = nlohmann::json::parse(header);
    metadata = entries["__metadata__"];
    for (const auto& [key, value] : entries.items()) {
      if (key == "__metadata__") continue;
      shapes[key] = value["shape"].get<std::vector<int>>();
      const auto range = value["data_offsets"].get<std::vector<std::size_t>>();
      if (value["dtype"] == "F32") load(floats[key], contents, range);
      else if (value["dtype"] == "U8") load(bytes[key], contents, range);
      else load(integers[key], contents, range);
    }
  }

  const std::vector<float>& operator[](const std::string& key) const { return floats.at(key); }

 private:
  template <class T>
  static void load(std::vector<T>& to, const std::vector<char>& bytes,
                   const std::vector<std::size_t>& range) {
    to.resize((range[1] - range[0]) / sizeof(T));
    std::memcpy(to.data(), bytes.data() + range[0], range[1] - range[0]);
  }
};

/// The file's parameters, in the order of a layout.
inline std::vector<float> stored(const extrema::Layout& layout, const Reference& reference,
                                 const std::string& prefix) {
  std::vector<float> values(static_cast<std::size_t>(layout.size()));
  for (const auto& entry : layout.entries())
    std::ranges::copy(reference[prefix + entry.name], values.begin() + entry.where.offset);
  return values;
}

/// Nothing depends on keys' biases but rounding: softmax does not feel a shift.
inline bool is_key_bias(const std::string& name) {
  return name.ends_with("attn.qkv.bias") || name.ends_with("attn.k.bias");
}

/// The largest difference, relative to the largest magnitude of what is expected.
template <class S>
double relative_difference(const S* got, const std::vector<float>& expected) {
  double worst = 0, largest = 1e-30;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    worst =
        std::max(worst, std::abs(static_cast<double>(got[i]) - static_cast<double>(expected[i])));
    largest = std::max(largest, std::abs(static_cast<double>(expected[i])));
  }
  return worst / largest;
}

/// What is judged after optimiser steps: single elements with a gradient near zero may move by a
/// part of the rate.
struct Difference {
  double quantile = 0;  // 99.9 % of the elements (all, of a small tensor but one) differ by less,
                        // relative to the largest
  double largest = 0;

  template <class S>
  Difference(const S* got, const std::vector<float>& expected) {
    std::vector<double> differences(expected.size());
    double scale = 1e-30;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      differences[i] = std::abs(static_cast<double>(got[i]) - static_cast<double>(expected[i]));
      scale = std::max(scale, std::abs(static_cast<double>(expected[i])));
    }
    std::ranges::sort(differences);
    largest = differences.back();
    quantile = differences[(differences.size() - 1) * 999 / 1000] / scale;
  }
};
