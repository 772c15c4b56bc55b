// SPDX-License-Identifier: MIT
// A folder of JPEG and PNG files; its sub-folders are the classes.
#pragma once

#include <algorithm>
#include <cctype>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "extrema/core/error.hpp"
#include "extrema/data/concepts.hpp"
#include "extrema/data/image_decoder.hpp"
#include "extrema/data/read_file.hpp"
#include "extrema/data/unreadable.hpp"

namespace extrema::data {

/// The files are listed when opened, and read when asked for.
class ImageFolder {
 public:
  using Options = DecodeOptions;

  /// Finds *.jpg, *.jpeg and *.png (in capitals, too) at any depth, sorted by path. The folders
  /// directly below `path` are the classes in the order of their names, empty ones too; files that
  /// lie directly in it have the label -1. Names that begin with a dot are passed over. Links are
  /// followed, but not those to a folder that they lie in. Throws Error if there is no image.
  static ImageFolder open(const std::filesystem::path& path, Options options) {
    return ImageFolder{path, options};
  }
  static ImageFolder open(const std::filesystem::path& path) { return open(path, {}); }

  Index size() const { return std::ssize(files_); }
  int channels() const { return options_.channels; }
  int label(Index i) const { return files_.data()[i].label; }
  std::string name(Index i) const { return path(i).string(); }
  int num_classes() const { return static_cast<int>(class_names_.size()); }
  const std::vector<std::string>& class_names() const { return class_names_; }
  std::filesystem::path path(Index i) const {
    const File& file = files_.data()[i];
    return file.label < 0 ? root_ / file.name
                          : root_ / class_names_[static_cast<std::size_t>(file.label)] / file.name;
  }

  class Reader {
   public:
    explicit Reader(const ImageFolder& from) : from_{&from}, decoder_{from.options_} {}

    template <std::invocable<int, int> F>
    ImageView read(Index i, F&& whole_size) {
      try {
        read_file(from_->path(i), bytes_);
        return decoder_.decode(bytes_, whole_size);
      } catch (const Unreadable& reason) {
        throw Unreadable{from_->name(i), ": ", reason.what()};
      }
    }

   private:
    const ImageFolder* from_;
    ImageDecoder decoder_;
    std::vector<std::uint8_t> bytes_;
  };
  Reader reader() const { return Reader{*this}; }

 private:
  struct File {
    std::string name;  // below its class
    int label;
  };

  ImageFolder(const std::filesystem::path& path, Options options) : root_{path}, options_{options} {
    namespace fs = std::filesystem;
    if (options.channels != 1 && options.channels != 3)
      throw Error{"ImageFolder: expected channels 1 or 3, found ", options.channels};
    if (!fs::is_directory(path)) throw Error{"ImageFolder: ", path.string(), ": no such folder"};
    try {
      list(root_);
    } catch (const fs::filesystem_error& error) {
      throw Error{"ImageFolder: ", error.path1().string(),
                  ": cannot be read: ", error.code().message(),
                  " (change that, or move it out of the data)"};
    }
    if (files_.empty())
      throw Error{"ImageFolder: ", path.string(),
                  ": expected .jpg, .jpeg or .png files in it or in a folder per class, found "
                  "none"};
  }

  void list(const std::filesystem::path& root) {
    for (const auto& entry : std::filesystem::directory_iterator{root}) {
      if (hidden(entry) || leads_back(entry)) continue;
      if (is_folder(entry)) class_names_.push_back(entry.path().filename().string());
      else add(entry, root, -1);
    }
    std::ranges::sort(class_names_);
    for (int label = 0; label < num_classes(); ++label)
      list_class(root / class_names_[static_cast<std::size_t>(label)], label);
    std::ranges::sort(files_, [](const File& a, const File& b) {
      return a.label != b.label ? a.label < b.label : a.name < b.name;
    });
  }

  void list_class(const std::filesystem::path& folder, int label) {
    namespace fs = std::filesystem;
    fs::recursive_directory_iterator entry{folder, fs::directory_options::follow_directory_symlink};
    for (; entry != fs::recursive_directory_iterator{}; ++entry)
      if (hidden(*entry) || leads_back(*entry)) entry.disable_recursion_pending();
      else add(*entry, folder, label);
  }

  void add(const std::filesystem::directory_entry& entry, const std::filesystem::path& folder,
           int label) {
    if (is_image(entry.path()) && !is_folder(entry))
      files_.push_back({entry.path().lexically_relative(folder).string(), label});
  }

  static bool hidden(const std::filesystem::directory_entry& entry) {
    return entry.path().filename().string().starts_with('.');
  }
  /// Not where that cannot be told, as of a link to itself.
  static bool is_folder(const std::filesystem::directory_entry& entry) {
    std::error_code ignored;
    return entry.is_directory(ignored);
  }
  /// A link that would be walked through for ever.
  bool leads_back(const std::filesystem::directory_entry& entry) const {
    if (!entry.is_symlink() || !is_folder(entry)) return false;
    const std::size_t length = root_.string().size();
    for (auto above = entry.path().parent_path(); above.string().size() > length;
         above = above.parent_path())
      if (std::filesystem::equivalent(entry.path(), above)) return true;
    return std::filesystem::equivalent(entry.path(), root_);
  }
  static bool is_image(const std::filesystem::path& path) {
    std::string end = path.extension().string();
    std::ranges::transform(end, end.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return end == ".jpg" || end == ".jpeg" || end == ".png";
  }

  std::filesystem::path root_;
  Options options_;
  std::vector<std::string> class_names_;
  std::vector<File> files_;
};

static_assert(Dataset<ImageFolder>);

}  // namespace extrema::data
