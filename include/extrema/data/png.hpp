// SPDX-License-Identifier: MIT
// Reads and writes PNG files by libpng.
#pragma once

#include <png.h>

#include <csetjmp>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>

#include "extrema/core/error.hpp"
#include "extrema/data/image.hpp"
#include "extrema/data/unreadable.hpp"

namespace extrema::data {

/// Reads one file: its header when made, then its pixels. Palettes become RGB, bits become bytes,
/// alpha is dropped (pixels keep the colour below it). Throws Unreadable.
class PngReader {
 public:
  static bool accepts(std::span<const std::uint8_t> bytes) {
    return bytes.size() > 8 && png_sig_cmp(bytes.data(), 0, 8) == 0;
  }

  explicit PngReader(std::span<const std::uint8_t> bytes) : left_{bytes} {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, on_error, on_warning);
    info_ = png_ ? png_create_info_struct(png_) : nullptr;
    if (!info_ || !begin()) fail("not a PNG that can be read: ", reason_);
    if (png_get_bit_depth(png_, info_) == 16) fail("expected 8 bits per channel, found 16");
  }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }

  int height() const { return static_cast<int>(png_get_image_height(png_, info_)); }
  int width() const { return static_cast<int>(png_get_image_width(png_, info_)); }

  /// 1 channel if the file is grey, else 3.
  void decode(Image& image) {
    const bool colour = (png_get_color_type(png_, info_) & PNG_COLOR_MASK_COLOR) != 0;
    image.resize(colour ? 3 : 1, height(), width());
    if (!finish(image)) throw Unreadable{"damaged or truncated PNG: ", reason_};
  }

 private:
  // libpng leaves on an error by longjmp: these two hold nothing that must be destroyed.
  bool begin() {
    if (setjmp(jump_)) return false;
    png_set_read_fn(png_, this, read);
    png_read_info(png_, info_);
    png_set_expand(png_);  // palettes, and fewer bits than 8
    png_set_strip_alpha(png_);
    passes_ = png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    return true;
  }
  bool finish(Image& image) {
    if (setjmp(jump_)) return false;
    for (int pass = 0; pass < passes_; ++pass)
      for (int y = 0; y < image.height; ++y)
        png_read_row(png_, image.pixels.data() + Index{y} * image.width * image.channels, nullptr);
    return true;
  }

  static void read(png_structp png, png_bytep to, std::size_t count) {
    auto& left = static_cast<PngReader*>(png_get_io_ptr(png))->left_;
    if (count > left.size()) png_error(png, "the file ends early");
    std::memcpy(to, left.data(), count);
    left = left.subspan(count);
  }
  [[noreturn]] static void on_error(png_structp png, png_const_charp reason) {
    auto& self = *static_cast<PngReader*>(png_get_error_ptr(png));
    std::snprintf(self.reason_, sizeof self.reason_, "%s", reason);
    std::longjmp(self.jump_, 1);
  }
  static void on_warning(png_structp, png_const_charp) {}

  /// Leaves the constructor.
  [[noreturn]] void fail(const char* what, const char* reason = "") {
    png_destroy_read_struct(&png_, &info_, nullptr);
    throw Unreadable{what, reason};
  }

  std::span<const std::uint8_t> left_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  int passes_ = 1;
  std::jmp_buf jump_;
  char reason_[128] = "libpng did not start";
};

namespace detail {

inline png_image png_header(ImageView image, const std::string& where) {
  if (image.channels != 1 && image.channels != 3)
    throw Error{where, ": expected 1 or 3 channels, found ", image.channels};
  png_image header{};
  header.version = PNG_IMAGE_VERSION;
  header.width = static_cast<png_uint_32>(image.width);
  header.height = static_cast<png_uint_32>(image.height);
  header.format = image.channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  return header;
}

}  // namespace detail

/// Of 1 (grey) or 3 channels. Throws Error.
inline void write_png(const std::filesystem::path& path, ImageView image) {
  const std::string where = "write_png: " + path.string();
  png_image header = detail::png_header(image, where);
  if (!png_image_write_to_file(&header, path.c_str(), 0, image.pixels, 0, nullptr))
    throw Error{where, ": ", header.message};
}

/// The bytes that write_png would write.
inline std::string png_bytes(ImageView image) {
  png_image header = detail::png_header(image, "png_bytes");
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(header);
  std::string result(size, '\0');
  if (!png_image_write_to_memory(&header, result.data(), &size, 0, image.pixels, 0, nullptr))
    throw Error{"png_bytes: ", header.message};
  result.resize(size);
  return result;
}

}  // namespace extrema::data
