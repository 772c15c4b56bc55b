// SPDX-License-Identifier: MIT
// Brightness, contrast, saturation, hue and grey of 8-bit images, as Pillow's ImageEnhance and HSV
// conversion do them.
#pragma once

#include <array>
#include <cstdint>

#include "extrema/data/image.hpp"
#include "extrema/data/pixel_colour.hpp"

namespace extrema::data {

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

/// The mean brightness, rounded: of the luma, or of all values where there are not three channels.
inline int mean_level(Planes image) {
  std::int64_t sum = 0;
  if (image.channels == 3)
    for (Index i = 0; i < image.area(); ++i)
      sum += luma(image.plane(0)[i], image.plane(1)[i], image.plane(2)[i]);
  else
    for (Index i = 0; i < image.size(); ++i) sum += image.pixels[i];
  const Index count = image.channels == 3 ? image.area() : image.size();
  return mean_level(sum, count);
}

/// Changes each pixel of an image of three channels; images of others are left alone.
template <class F>
void each_colour(Planes image, const F& change) {
  if (image.channels != 3) return;
  std::uint8_t *red = image.plane(0), *green = image.plane(1), *blue = image.plane(2);
  for (Index i = 0; i < image.area(); ++i) {
    const Rgb p = change(Rgb{red[i], green[i], blue[i]});
    red[i] = static_cast<std::uint8_t>(p.red);
    green[i] = static_cast<std::uint8_t>(p.green);
    blue[i] = static_cast<std::uint8_t>(p.blue);
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

inline void change_saturation(Planes image, double factor) {
  detail::each_colour(
      image, [blend = detail::Blend{factor}](detail::Rgb p) { return detail::saturate(blend, p); });
}

inline void shift_hue(Planes image, double turns) {
  detail::each_colour(
      image, [shift = detail::hue_shift(turns)](detail::Rgb p) { return detail::turn(shift, p); });
}

inline void make_grey(Planes image) {
  detail::each_colour(image, [](detail::Rgb p) {
    const int grey = detail::luma(p);
    return detail::Rgb{grey, grey, grey};
  });
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
