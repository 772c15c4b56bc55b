// SPDX-License-Identifier: MIT
// What a data set is: numbered images that can be read by several threads at once.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <utility>

#include "extrema/core/tensor.hpp"
#include "extrema/data/image.hpp"
#include "extrema/data/unreadable.hpp"

namespace extrema::data {

/// Told the height and width of a whole image before it is decoded, says how much smaller it may be
/// decoded: 1, 2, 4 or 8. (The crop is drawn here, as its size decides.)
using WholeSize = int (*)(int height, int width);

template <class D>
concept HasSize = requires(const D& dataset) {
  { dataset.size() } -> std::convertible_to<Index>;
};

/// 1 for grey, 3 for colour, any other number is fine. All images of a data set have as many.
template <class D>
concept HasChannels = requires(const D& dataset) {
  { dataset.channels() } -> std::convertible_to<int>;
};

/// A class from 0 on, or -1: none.
template <class D>
concept HasLabels = requires(const D& dataset, Index i) {
  { dataset.label(i) } -> std::convertible_to<int>;
};

/// What a message calls image i: its file, or "#17 of FILE".
template <class D>
concept HasNames = requires(const D& dataset, Index i) {
  { dataset.name(i) } -> std::convertible_to<std::string>;
};

/// The plain way to give images: `read(i, image)` resizes `image` and fills it. Called by several
/// threads at once. Throws data::Unreadable where this image cannot be had.
template <class D>
concept ReadsImages = requires(const D& dataset, Index i, Image& image) {
  dataset.read(i, image);
};

/// One thread's means to read: a decoder, buffers. `read(i, whole_size)` calls whole_size(height,
/// width) once, may decode that much smaller, and says so in the view's `reduction`. The view lives
/// until the following read.
template <class R>
concept ImageReader = requires(R& reader, Index i, WholeSize whole_size) {
  { reader.read(i, whole_size) } -> std::same_as<ImageView>;
};

/// The fast way to give images: a reader per thread.
template <class D>
concept HasReader = requires(const D& dataset) {
  { dataset.reader() } -> ImageReader;
};

template <class D>
concept Dataset = HasSize<D> && HasChannels<D> && HasLabels<D> && HasNames<D> &&
    (ReadsImages<D> || HasReader<D>);

/// The reader of a data set that gives whole images.
template <ReadsImages D>
class WholeReader {
 public:
  explicit WholeReader(const D& dataset) : dataset_{&dataset} {}

  template <std::invocable<int, int> F>
  ImageView read(Index i, F&& whole_size) {
    dataset_->read(i, image_);
    if (image_.channels != dataset_->channels() || image_.height < 1 || image_.width < 1)
      throw Unreadable{dataset_->name(i),    ": expected an image of ",
                       dataset_->channels(), " channels, found ",
                       image_.channels,      " of ",
                       image_.height,        " x ",
                       image_.width};
    whole_size(image_.height, image_.width);
    return image_;
  }

 private:
  const D* dataset_;
  Image image_;
};

/// A reader for one thread.
template <Dataset D>
auto reader(const D& dataset) {
  if constexpr (HasReader<D>) return dataset.reader();
  else return WholeReader<D>{dataset};
}
template <Dataset D>
using Reader = decltype(data::reader(std::declval<const D&>()));

/// Where all images have one extent, as in IDX and CIFAR files.
template <class D>
concept HasExtent = requires(const D& dataset) {
  { dataset.extent() } -> std::same_as<ImageExtent>;
};

}  // namespace extrema::data
