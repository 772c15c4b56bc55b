// SPDX-License-Identifier: MIT
// Brightness, contrast, saturation, hue and grey of 8-bit images, as Pillow's ImageEnhance and HSV
// conversion do them.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "extrema/data/image.hpp"

namespace extrema::data {

enum class ColourStep : int { brightness, contrast, saturation, hue };

/// What is done to the colours of one image. Factors of 1 and a hue of 0 change nothing.
struct ColourDraw {
  bool jitter = false;  // whether the four steps are taken at all
  double brightness = 1;
  double contrast = 1;
  double saturation = 1;
  double hue = 0;  // in turns of the colour circle, -0.5 to 0.5
  std::array<ColourStep, 4> order{ColourStep::brightness, ColourStep::contrast,
                                  ColourStep::saturation, ColourStep::hue};
  bool grey = false;  // last
};

namespace detail {

/// Luma of ITU-R 601 in 16 bits of fraction.
inline std::uint8_t luma(int red, int green, int blue) {
  return static_cast<std::uint8_t>((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16);
}

/// from + factor (to - from), in fixed point: the same bits on every machine.
class Blend {
 public:
  explicit Blend(double factor)
      : factor_{static_cast<std::int32_t>(std::lround(std::clamp(factor, -7.9, 7.9) * one))} {}
  std::uint8_t operator()(int from, int to) const {
    return static_cast<std::uint8_t>(
        std::clamp((from * one + factor_ * (to - from)) >> bits, 0, 255));
  }

 private:
  static constexpr int bits = 20, one = 1 << bits;
  std::int32_t factor_;
};

/// The mean brightness, rounded: of the luma, or of all values where there are not three channels.
inline int mean_level(Planes image) {
  std::int64_t sum = 0;
  if (image.channels == 3)
    for (Index i = 0; i < image.area(); ++i)
      sum += luma(image.plane(0)[i], image.plane(1)[i], image.plane(2)[i]);
  else
    for (Index i = 0; i < image.size(); ++i) sum += image.pixels[i];
  const Index count = image.channels == 3 ? image.area() : image.size();
  return static_cast<int>((2 * sum + count) / (2 * count));
}

/// Hue (0 to 255, a turn is 255) of a colour that is not grey; `range` is largest - smallest.
inline int hue_of(int red, int green, int blue, int largest, int range) {
  const auto below = [&](int value) {
    return static_cast<float>(largest - value) / static_cast<float>(range);
  };
  const float r = below(red), g = below(green), b = below(blue);
  const float sixths = red == largest     ? b - g
                       : green == largest ? static_cast<float>((2.0 + r) - b)
                                          : static_cast<float>((4.0 + g) - r);
  double turns = sixths / 6.0 + 1.0;
  if (turns >= 1) turns -= 1;
  return static_cast<int>(static_cast<float>(turns) * 255.0);
}

struct Rgb {
  int red, green, blue;
};

/// The colour of a hue, a saturation and the largest of its values, all 0 to 255.
inline Rgb colour_of(int hue, int saturation, int value) {
  constexpr int one = 255 * 255;
  const int sector = hue * 6 / 255, rest = hue * 6 % 255;
  const auto shade = [&](int by) {
    return (2 * value * (one - saturation * by) + one) / (2 * one);
  };
  const int low = shade(255), falling = shade(rest), rising = shade(255 - rest);
  switch (sector) {
    case 1:
      return {falling, value, low};
    case 2:
      return {low, value, rising};
    case 3:
      return {low, falling, value};
    case 4:
      return {rising, low, value};
    case 5:
      return {value, low, falling};
    default:
      return {value, rising, low};
  }
}

}  // namespace detail

inline void change_brightness(Planes image, double factor) {
  const detail::Blend blend{factor};
  for (Index i = 0; i < image.size(); ++i) image.pixels[i] = blend(0, image.pixels[i]);
}

inline void change_contrast(Planes image, double factor) {
  const detail::Blend blend{factor};
  const int mean = detail::mean_level(image);
  for (Index i = 0; i < image.size(); ++i) image.pixels[i] = blend(mean, image.pixels[i]);
}

/// The three that follow leave images alone that do not have three channels.
inline void change_saturation(Planes image, double factor) {
  if (image.channels != 3) return;
  const detail::Blend blend{factor};
  std::uint8_t *red = image.plane(0), *green = image.plane(1), *blue = image.plane(2);
  for (Index i = 0; i < image.area(); ++i) {
    const int grey = detail::luma(red[i], green[i], blue[i]);
    red[i] = blend(grey, red[i]);
    green[i] = blend(grey, green[i]);
    blue[i] = blend(grey, blue[i]);
  }
}

inline void shift_hue(Planes image, double turns) {
  if (image.channels != 3) return;
  const int shift = static_cast<int>(turns * 255);
  std::uint8_t *red = image.plane(0), *green = image.plane(1), *blue = image.plane(2);
  for (Index i = 0; i < image.area(); ++i) {
    const int r = red[i], g = green[i], b = blue[i];
    const int largest = std::max({r, g, b}), range = largest - std::min({r, g, b});
    if (range == 0) continue;
    const int hue = (detail::hue_of(r, g, b, largest, range) + shift) & 255;
    const int saturation =
        static_cast<int>(static_cast<float>(range) / static_cast<float>(largest) * 255.0);
    const detail::Rgb turned = detail::colour_of(hue, saturation, largest);
    red[i] = static_cast<std::uint8_t>(turned.red);
    green[i] = static_cast<std::uint8_t>(turned.green);
    blue[i] = static_cast<std::uint8_t>(turned.blue);
  }
}

inline void make_grey(Planes image) {
  if (image.channels != 3) return;
  std::uint8_t *red = image.plane(0), *green = image.plane(1), *blue = image.plane(2);
  for (Index i = 0; i < image.area(); ++i)
    red[i] = green[i] = blue[i] = detail::luma(red[i], green[i], blue[i]);
}

/// The steps of a draw in its order, in place.
inline void jitter(Planes image, const ColourDraw& draw) {
  if (draw.jitter)
    for (const ColourStep step : draw.order) switch (step) {
        case ColourStep::brightness:
          change_brightness(image, draw.brightness);
          break;
        case ColourStep::contrast:
          change_contrast(image, draw.contrast);
          break;
        case ColourStep::saturation:
          change_saturation(image, draw.saturation);
          break;
        case ColourStep::hue:
          shift_hue(image, draw.hue);
          break;
      }
  if (draw.grey) make_grey(image);
}

}  // namespace extrema::data
