// SPDX-License-Identifier: MIT
// CIFAR-10 and CIFAR-100 in their binary form (cs.toronto.edu/~kriz/cifar.html): records of one or
// two label bytes and a planar 32 x 32 image.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "extrema/core/error.hpp"
#include "extrema/core/text.hpp"
#include "extrema/data/concepts.hpp"
#include "extrema/data/read_file.hpp"
#include "extrema/data/split.hpp"
#include "extrema/data/unreadable.hpp"

namespace extrema::data {

/// All images in memory.
class Cifar {
 public:
  struct Options {
    Split split = Split::train;
    int classes = 0;  // 10, 100 or 0: whichever is found
  };

  /// A folder that holds data_batch_1.bin to data_batch_5.bin and test_batch.bin, or train.bin and
  /// test.bin; or the one above it, as the archives unpack. Throws Error.
  static Cifar open(const std::filesystem::path& path, Options options) {
    if (options.classes != 0 && options.classes != 10 && options.classes != 100)
      throw Error{"Cifar: expected classes 10 or 100, found ", options.classes};
    return Cifar{path, options};
  }
  static Cifar open(const std::filesystem::path& path) { return open(path, {}); }

  /// The classes of the files in a folder: 10, 100, or 0 where it holds neither.
  static int classes_in(const std::filesystem::path& path) {
    if (!folder(path, 10).empty()) return 10;
    return folder(path, 100).empty() ? 0 : 100;
  }

  Index size() const { return std::ssize(labels_); }
  ImageExtent extent() const { return {3, side, side}; }
  int channels() const { return 3; }
  int label(Index i) const { return labels_.data()[i]; }
  int num_classes() const { return classes_; }
  /// Empty where the file of names is missing.
  const std::vector<std::string>& class_names() const { return class_names_; }
  std::string name(Index i) const {
    const auto after = std::ranges::upper_bound(files_, i, {}, &File::first);
    return text("#", i - (after - 1)->first, " of ", (after - 1)->path);
  }

  class Reader {
   public:
    explicit Reader(const Cifar& from) : from_{&from} {}
    template <std::invocable<int, int> F>
    ImageView read(Index i, F&& whole_size) const {
      whole_size(side, side);
      return {3, side, side, from_->pixels_.data() + i * bytes};
    }

   private:
    const Cifar* from_;
  };
  Reader reader() const { return Reader{*this}; }

 private:
  static constexpr int side = 32;
  static constexpr Index bytes = 3 * side * side;
  struct File {
    std::string path;
    Index first;  // number of its first image
  };

  Cifar(const std::filesystem::path& path, Options options)
      : classes_{options.classes ? options.classes : classes_in(path)} {
    const auto from = classes_ ? folder(path, classes_) : std::filesystem::path{};
    if (from.empty())
      throw Error{"Cifar: ", path.string(),
                  ": expected data_batch_1.bin (CIFAR-10) or train.bin (CIFAR-100) in it"};
    if (options.split == Split::test) add(from / (classes_ == 10 ? "test_batch.bin" : "test.bin"));
    else if (classes_ == 100) add(from / "train.bin");
    else
      for (const char number : {'1', '2', '3', '4', '5'})
        add(from / text("data_batch_", number, ".bin"));
    std::ifstream names{from / (classes_ == 10 ? "batches.meta.txt" : "fine_label_names.txt")};
    for (std::string name; std::getline(names, name);)
      if (!name.empty()) class_names_.push_back(name);
  }

  static std::filesystem::path folder(const std::filesystem::path& path, int classes) {
    const char* file = classes == 10 ? "data_batch_1.bin" : "train.bin";
    const char* below = classes == 10 ? "cifar-10-batches-bin" : "cifar-100-binary";
    for (const auto& place : {path, path / below})
      if (std::filesystem::exists(place / file)) return place;
    return {};
  }

  void add(const std::filesystem::path& path) {
    std::vector<std::uint8_t> file;
    try {
      read_file(path, file);
    } catch (const Unreadable& reason) {
      throw Error{"Cifar: ", path.string(), ": ", reason.what()};
    }
    const Index labels = classes_ == 10 ? 1 : 2, record = labels + bytes;
    if (file.empty() || std::ssize(file) % record != 0)
      throw Error{"Cifar: ",   path.string(), ": expected records of ", record, " bytes, found ",
                  file.size(), " bytes"};
    files_.push_back({path.string(), size()});
    for (const std::uint8_t* at = file.data(); at < file.data() + file.size(); at += record) {
      const int label = at[labels - 1];  // the fine one
      if (label >= classes_)
        throw Error{"Cifar: ", path.string(), ": expected labels below ", classes_, ", found ",
                    label,     " in record ", (at - file.data()) / record};
      labels_.push_back(static_cast<std::uint8_t>(label));
      for (Index i = 0; i < side * side; ++i)
        for (Index c = 0; c < 3; ++c) pixels_.push_back(at[labels + c * side * side + i]);
    }
  }

  int classes_;
  std::vector<File> files_;
  std::vector<std::uint8_t> labels_;
  std::vector<std::uint8_t> pixels_;  // (N, H, W, C)
  std::vector<std::string> class_names_;
};

static_assert(Dataset<Cifar>);

}  // namespace extrema::data
