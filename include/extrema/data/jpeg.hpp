// SPDX-License-Identifier: MIT
// Decodes JPEG files by libjpeg-turbo, whole or at a half, a quarter or an eighth of their size,
// which costs far less.
#pragma once

#include <turbojpeg.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>

#include "extrema/core/error.hpp"
#include "extrema/core/round_up.hpp"
#include "extrema/data/image.hpp"
#include "extrema/data/unreadable.hpp"

namespace extrema::data {

/// One per thread. `header` is called first, then `decode` on the same bytes.
class JpegDecoder {
 public:
  struct Header {
    int height, width;
  };

  static bool accepts(std::span<const std::uint8_t> bytes) {
    return bytes.size() > 2 && bytes[0] == 0xff && bytes[1] == 0xd8;
  }

  /// Throws Unreadable, also for CMYK.
  Header header(std::span<const std::uint8_t> bytes) {
    Header header{};
    int subsampling = 0, colours = 0;
    if (tjDecompressHeader3(handle_.get(), bytes.data(), bytes.size(), &header.width,
                            &header.height, &subsampling, &colours) != 0)
      throw Unreadable{"not a sound JPEG: ", tjGetErrorStr2(handle_.get())};
    if (header.height < 1 || header.width < 1)
      throw Unreadable{"not a sound JPEG: it ends before the image begins"};
    if (colours == TJCS_CMYK || colours == TJCS_YCCK)
      throw Unreadable{"expected a grey or RGB JPEG, found CMYK"};
    return header;
  }

  /// Rounds the sizes up. `channels` is 1 (the luma of a colour image) or 3. Throws Unreadable,
  /// also where the file ends early; oddities that leave the image whole are let pass.
  void decode(std::span<const std::uint8_t> bytes, Header header, int reduction, int channels,
              Image& image) {
    image.resize(channels, divide_up(header.height, reduction), divide_up(header.width, reduction));
    const int format = channels == 1 ? TJPF_GRAY : TJPF_RGB;
    if (tjDecompress2(handle_.get(), bytes.data(), bytes.size(), image.pixels.data(), image.width,
                      0, image.height, format, TJFLAG_ACCURATEDCT) == 0)
      return;
    const std::string_view reason = tjGetErrorStr2(handle_.get());
    if (tjGetErrorCode(handle_.get()) == TJERR_FATAL ||
        reason.find("remature end") != reason.npos || !ends(bytes))
      throw Unreadable{"damaged or truncated JPEG: ", reason};
  }

 private:
  /// Whether the end marker is there. (A thumbnail's own stands before the image's data.)
  static bool ends(std::span<const std::uint8_t> bytes) {
    std::size_t data = 2;
    while (data + 4 < bytes.size() && bytes[data] == 0xff && bytes[data + 1] != 0xda)
      data += 2 + std::size_t{bytes[data + 2]} * 256 + bytes[data + 3];
    for (std::size_t end = bytes.size(); end >= data + 2; --end)
      if (bytes[end - 2] == 0xff && bytes[end - 1] == 0xd9) return true;
    return false;
  }

  struct Destroy {
    void operator()(void* handle) const { tjDestroy(handle); }
  };
  static void* make() {
    if (void* handle = tjInitDecompress()) return handle;
    throw Error{"JpegDecoder: libjpeg-turbo did not start: ", tjGetErrorStr2(nullptr)};
  }
  std::unique_ptr<std::remove_pointer_t<tjhandle>, Destroy> handle_{make()};
};

}  // namespace extrema::data
