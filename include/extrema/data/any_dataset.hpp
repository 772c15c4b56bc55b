// SPDX-License-Identifier: MIT
// A data set whose format is chosen at run time, for programs.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "extrema/core/error.hpp"
#include "extrema/data/cifar.hpp"
#include "extrema/data/concepts.hpp"
#include "extrema/data/idx_images.hpp"
#include "extrema/data/image_folder.hpp"
#include "extrema/data/split.hpp"

namespace extrema::data {

enum class Format { guess, folder, idx, cifar10, cifar100 };

/// The names that programs take for --data-format. Throws Error.
inline Format format_named(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, Format>, 5> formats{
      {{"auto", Format::guess},
       {"folder", Format::folder},
       {"idx", Format::idx},
       {"cifar10", Format::cifar10},
       {"cifar100", Format::cifar100}}};
  for (const auto& [known, format] : formats)
    if (name == known) return format;
  throw Error{"data format: expected auto, folder, idx, cifar10 or cifar100, found ", name};
}

/// One of the shipped data sets.
class AnyDataset {
 public:
  template <class D>
  requires(std::same_as<D, ImageFolder> || std::same_as<D, IdxImages> || std::same_as<D, Cifar>)
      AnyDataset(D dataset)
      : dataset_{std::move(dataset)} {}

  Index size() const {
    return std::visit([](const auto& d) { return d.size(); }, dataset_);
  }
  int channels() const {
    return std::visit([](const auto& d) { return d.channels(); }, dataset_);
  }
  int label(Index i) const {
    return std::visit([&](const auto& d) { return d.label(i); }, dataset_);
  }
  std::string name(Index i) const {
    return std::visit([&](const auto& d) { return d.name(i); }, dataset_);
  }
  int num_classes() const {
    return std::visit([](const auto& d) { return d.num_classes(); }, dataset_);
  }
  /// Empty where the format does not tell.
  std::vector<std::string> class_names() const {
    return std::visit(
        [](const auto& d) -> std::vector<std::string> {
          if constexpr (requires { d.class_names(); }) return d.class_names();
          else return {};
        },
        dataset_);
  }
  /// Where all images have one.
  std::optional<ImageExtent> common_extent() const {
    return std::visit(
        [](const auto& d) -> std::optional<ImageExtent> {
          if constexpr (HasExtent<decltype(d)>) return d.extent();
          else return {};
        },
        dataset_);
  }

  class Reader {
   public:
    explicit Reader(const AnyDataset& from)
        : reader_{std::visit([](const auto& d) -> Readers { return d.reader(); }, from.dataset_)} {}
    template <std::invocable<int, int> F>
    ImageView read(Index i, F&& whole_size) {
      return std::visit([&](auto& reader) { return reader.read(i, whole_size); }, reader_);
    }

   private:
    using Readers = std::variant<ImageFolder::Reader, IdxImages::Reader, Cifar::Reader>;
    Readers reader_;
  };
  Reader reader() const { return Reader{*this}; }

 private:
  std::variant<ImageFolder, IdxImages, Cifar> dataset_;
};

static_assert(Dataset<AnyDataset>);

struct OpenOptions {
  Format format = Format::guess;
  Split split = Split::train;
  DecodeOptions decode{};  // of a folder
};

namespace detail {

/// Below a folder, plain or compressed.
inline bool has_file(const std::filesystem::path& folder, const std::string& name) {
  return std::filesystem::exists(folder / name) || std::filesystem::exists(folder / (name + ".gz"));
}

/// Folders by what they hold, files are IDX.
inline Format guess(const std::filesystem::path& path) {
  namespace fs = std::filesystem;
  if (!fs::exists(path)) throw Error{"data: ", path.string(), ": no such file or folder"};
  if (!fs::is_directory(path)) return Format::idx;
  if (const int classes = Cifar::classes_in(path))
    return classes == 10 ? Format::cifar10 : Format::cifar100;
  for (const char* name : {"train-images-idx3-ubyte", "t10k-images-idx3-ubyte"})
    if (has_file(path, name)) return Format::idx;
  return Format::folder;
}

/// The first folder below it, hidden ones aside, that is none of these; empty where there is none.
inline std::string folder_besides(const std::filesystem::path& path,
                                  std::initializer_list<std::string_view> these) {
  for (const auto& entry : std::filesystem::directory_iterator{path}) {
    const std::string name = entry.path().filename().string();
    if (entry.is_directory() && name[0] != '.' && std::ranges::find(these, name) == these.end())
      return name;
  }
  return {};
}

/// ImageNet's layout: `train` and `val` (or `test`) below the folder named, and no other folder, as
/// `train` may be a class among others. Throws Error where it may be either.
inline bool has_splits(const std::filesystem::path& path) {
  namespace fs = std::filesystem;
  const fs::path train = path / "train";
  if (!fs::is_directory(train)) return false;
  const std::string other = folder_besides(path, {"train", "val", "test"});
  if (other.empty()) return true;
  if ((fs::is_directory(path / "val") || fs::is_directory(path / "test")) &&
      !folder_besides(train, {}).empty())
    throw Error{"data: ",
                path.string(),
                ": train, with folders in it, and val or test are parts,"
                " but ",
                other,
                " beside them would be a class: name ",
                train.string(),
                ", or move ",
                other,
                " away"};
  return false;
}

inline std::filesystem::path split_below(const std::filesystem::path& path, Split split) {
  if (!has_splits(path)) return path;
  if (split == Split::train) return path / "train";
  for (const char* name : {"val", "test"})
    if (std::filesystem::is_directory(path / name)) return path / name;
  throw Error{"ImageFolder: ", path.string(), ": expected val or test beside train in it"};
}

}  // namespace detail

/// Whether what lies at `path` has a part for tests that can be told from the one to learn from.
inline bool has_test_part(const std::filesystem::path& path) {
  using detail::has_file;
  if (detail::has_splits(path))
    return std::filesystem::is_directory(path / "val") ||
           std::filesystem::is_directory(path / "test");
  return has_file(path, "t10k-images-idx3-ubyte") || Cifar::classes_in(path) != 0;
}

/// Opens what lies at `path`: a folder of images (or one with train and val or test below it), a
/// folder of IDX or CIFAR files, or an IDX file. Throws Error.
inline AnyDataset open(const std::filesystem::path& path, const OpenOptions& options = {}) {
  const auto& [format, split, decode] = options;
  switch (format == Format::guess ? detail::guess(path) : format) {
    case Format::idx:
      return IdxImages::open(path, {.split = split});
    case Format::cifar10:
      return Cifar::open(path, {.split = split, .classes = 10});
    case Format::cifar100:
      return Cifar::open(path, {.split = split, .classes = 100});
    default:
      return ImageFolder::open(detail::split_below(path, split), decode);
  }
}

}  // namespace extrema::data
