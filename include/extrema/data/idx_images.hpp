// SPDX-License-Identifier: MIT
// The IDX files of MNIST and its kin, plain or gzipped. (Format: yann.lecun.com/exdb/mnist)
#pragma once

#include <zlib.h>

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "extrema/core/error.hpp"
#include "extrema/core/text.hpp"
#include "extrema/data/concepts.hpp"
#include "extrema/data/split.hpp"

namespace extrema::data {

namespace detail {

/// An IDX file of bytes: its dimensions and what follows them.
struct IdxFile {
  std::vector<std::uint32_t> dimensions;
  std::vector<std::uint8_t> values;
};

/// zlib's reader passes files through that are not gzipped.
class GzipReader {
 public:
  explicit GzipReader(const std::string& path) : path_{path}, file_{gzopen(path.c_str(), "rb")} {
    if (!file_) throw Error{"IdxImages: ", path, ": cannot be opened"};
  }

  /// As many bytes as there are, up to `count`.
  std::size_t read(std::uint8_t* to, std::size_t count) {
    const int got = gzread(file_.get(), to, static_cast<unsigned>(count));
    int code = Z_OK;
    const char* reason = gzerror(file_.get(), &code);
    if (got < 0 || (code != Z_OK && code != Z_STREAM_END))
      throw Error{"IdxImages: ", path_, ": damaged or truncated gzip file (", reason, ")"};
    return static_cast<std::size_t>(got);
  }

 private:
  struct Close {
    void operator()(gzFile_s* file) const { gzclose(file); }
  };
  std::string path_;
  std::unique_ptr<gzFile_s, Close> file_;
};

inline std::string text_of_magic(std::uint32_t magic) {
  char digits[9];
  std::snprintf(digits, sizeof digits, "%08x", magic);
  return digits;
}

/// A file of `expected`, which has `least` to `most` dimensions.
inline IdxFile read_idx(const std::string& path, const char* expected, int least, int most) {
  GzipReader file{path};
  std::uint8_t word[4];
  const auto next = [&] {
    if (file.read(word, 4) != 4) throw Error{"IdxImages: ", path, ": ends within its header"};
    return std::uint32_t{word[0]} << 24 | std::uint32_t{word[1]} << 16 |
           std::uint32_t{word[2]} << 8 | word[3];
  };
  const std::uint32_t magic = next();
  const int rank = static_cast<int>(magic & 255);
  if (magic >> 8 != 8 || rank < least || rank > most)
    throw Error{
        "IdxImages: ",       path, ": expected ", expected, ", found a file that begins with ",
        text_of_magic(magic)};
  IdxFile result;
  std::uint64_t size = 1;
  for (int d = 0; d < rank; ++d) {
    result.dimensions.push_back(next());
    if (result.dimensions.back() == 0 || result.dimensions.back() > 0x7fffffff)
      throw Error{"IdxImages: ", path, ": dimension ", d, " is ", result.dimensions.back()};
    size *= result.dimensions.back();
    if (size > std::uint64_t{1} << 40)
      throw Error{"IdxImages: ", path, ": its header promises more than a terabyte"};
  }
  // In pieces, so that a header that lies costs no memory.
  constexpr std::size_t piece = 1 << 24;
  std::size_t got = 0, last = 1;
  for (; got < size && last > 0; got += last) {
    const auto wanted = std::min<std::size_t>(piece, size - got);
    result.values.resize(got + wanted);
    last = file.read(result.values.data() + got, wanted);
  }
  if (got < size || file.read(word, 1) != 0)
    throw Error{"IdxImages: ",
                path,
                ": expected ",
                size,
                " bytes after the header, found ",
                got < size ? text(got) : text("more")};
  return result;
}

}  // namespace detail

/// All images in memory, as they are in the file: (N, H, W), or (N, H, W, C) for C channels.
class IdxImages {
 public:
  struct Options {
    Split split = Split::train;
  };

  /// A folder that holds train-images-idx3-ubyte and train-labels-idx1-ubyte (t10k-... for
  /// Split::test), each plain or .gz; or an images file itself, whose labels lie beside it. Labels
  /// may be missing. Throws Error.
  static IdxImages open(const std::filesystem::path& path, Options options) {
    namespace fs = std::filesystem;
    if (!fs::exists(path)) throw Error{"IdxImages: ", path.string(), ": no such file or folder"};
    fs::path images = path;
    if (fs::is_directory(path)) {
      const std::string stem =
          (options.split == Split::train ? "train" : "t10k") + std::string{"-images-idx3-ubyte"};
      images = plain_or_gzipped(path / stem);
      if (images.empty())
        throw Error{"IdxImages: ", path.string(), ": expected ", stem, " or ", stem, ".gz in it"};
    }
    return IdxImages{images.string(), labels_beside(images).string()};
  }
  static IdxImages open(const std::filesystem::path& path) { return open(path, {}); }

  Index size() const { return static_cast<Index>(images_.dimensions[0]); }
  ImageExtent extent() const { return extent_; }
  int channels() const { return extent_.channels; }
  int label(Index i) const { return labels_.empty() ? -1 : labels_.data()[i]; }
  int num_classes() const {
    return labels_.empty() ? 0 : 1 + *std::max_element(labels_.begin(), labels_.end());
  }
  std::string name(Index i) const { return text("#", i, " of ", path_); }

  class Reader {
   public:
    explicit Reader(const IdxImages& from) : from_{&from} {}
    template <std::invocable<int, int> F>
    ImageView read(Index i, F&& whole_size) const {
      const auto [channels, height, width] = from_->extent_;
      whole_size(height, width);
      return {channels, height, width, from_->images_.values.data() + i * from_->extent_.size()};
    }

   private:
    const IdxImages* from_;
  };
  Reader reader() const { return Reader{*this}; }

 private:
  IdxImages(std::string images, const std::string& labels)
      : path_{std::move(images)},
        images_{detail::read_idx(path_, "images (00000803, or 00000804 with channels)", 3, 4)} {
    const auto dimension = [&](std::size_t d) { return static_cast<int>(images_.dimensions[d]); };
    extent_ = {images_.dimensions.size() == 4 ? dimension(3) : 1, dimension(1), dimension(2)};
    if (labels.empty()) return;
    labels_ = detail::read_idx(labels, "labels (00000801)", 1, 1).values;
    if (std::ssize(labels_) != size())
      throw Error{
          "IdxImages: ", labels,     ": expected ", size(), " labels, as many as images in ",
          path_,         ", found ", labels_.size()};
  }

  static std::filesystem::path plain_or_gzipped(std::filesystem::path file) {
    if (std::filesystem::exists(file)) return file;
    file += ".gz";
    return std::filesystem::exists(file) ? file : std::filesystem::path{};
  }

  /// x-labels-idx1-ubyte beside x-images-idx3-ubyte; empty where there is none.
  static std::filesystem::path labels_beside(const std::filesystem::path& images) {
    std::string name = images.filename().string();
    if (name.ends_with(".gz")) name.resize(name.size() - 3);
    const std::size_t at = name.find("images-idx");
    if (at == std::string::npos) return {};
    name.replace(at, std::string{"images-idx3"}.size(), "labels-idx1");
    return plain_or_gzipped(images.parent_path() / name);
  }

  std::string path_;
  detail::IdxFile images_;
  ImageExtent extent_{};
  std::vector<std::uint8_t> labels_;
};

static_assert(Dataset<IdxImages>);

}  // namespace extrema::data
