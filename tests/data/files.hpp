// SPDX-License-Identifier: MIT
// Makes the files that tests of data sets read.
#pragma once

#include <png.h>
#include <turbojpeg.h>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>

#include "../io/temporary_folder.hpp"
#include "extrema/data/image.hpp"

/// Smooth waves, different for every number.
inline extrema::data::Image picture(int channels, int height, int width, int number = 0) {
  extrema::data::Image image;
  image.resize(channels, height, width);
  std::uint8_t* pixel = image.pixels.data();
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < channels; ++c)
        *pixel++ = static_cast<std::uint8_t>(128 + 100 * std::sin(0.11 * x + 0.7 * c + number) *
                                                       std::cos(0.07 * y + number));
  return image;
}

/// A JPEG's bytes: grey, RGB, or CMYK by the number of channels.
inline std::string jpeg(const extrema::data::Image& image, int quality = 95) {
  const int format = image.channels == 1 ? TJPF_GRAY : image.channels == 3 ? TJPF_RGB : TJPF_CMYK;
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  const tjhandle handle = tjInitCompress();
  tjCompress2(handle, image.pixels.data(), image.width, 0, image.height, format, &bytes, &size,
              image.channels == 1 ? TJSAMP_GRAY : TJSAMP_444, quality, 0);
  std::string result{reinterpret_cast<char*>(bytes), size};
  tjFree(bytes);
  tjDestroy(handle);
  return result;
}

/// A PNG's bytes, of a libpng format such as PNG_FORMAT_RGBA.
inline std::string png(const void* pixels, int height, int width, png_uint_32 format,
                       const void* palette = nullptr, png_uint_32 colours = 0) {
  png_image header{};
  header.version = PNG_IMAGE_VERSION;
  header.width = static_cast<png_uint_32>(width);
  header.height = static_cast<png_uint_32>(height);
  header.format = format;
  header.colormap_entries = colours;
  png_alloc_size_t size = 0;
  png_image_write_to_memory(&header, nullptr, &size, 0, pixels, 0, palette);
  std::string result(size, ' ');
  png_image_write_to_memory(&header, result.data(), &size, 0, pixels, 0, palette);
  result.resize(size);
  return result;
}
inline std::string png(const extrema::data::Image& image) {
  return png(image.pixels.data(), image.height, image.width,
             image.channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB);
}

/// The four bytes of an IDX header's number.
inline std::string big_endian(std::uint32_t number) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift & 255);
  return bytes;
}

/// A file and the folders above it.
inline void write_below(const std::string& path, const std::string& bytes) {
  std::filesystem::create_directories(std::filesystem::path{path}.parent_path());
  write_file(path, bytes);
}

/// For a reader that is not asked to decode smaller.
inline int whole(int, int) { return 1; }
