// SPDX-License-Identifier: MIT
// From a batch on the host to what a step takes: images sent, masks drawn, in one piece or several.
// B images of C x H x W pixels
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

#include "extrema/device/double_mailbox.hpp"
#include "extrema/device/mailbox.hpp"
#include "extrema/device/upload.hpp"
#include "extrema/siamese/extrema.hpp"
#include "extrema/siamese/packed_views.hpp"

namespace extrema::train {

/// One batch of 8-bit images on the host. Student and teacher may be the same memory: then both
/// branches see the same augmentation.
struct HostBatch {
  const std::uint8_t* student = nullptr;        // (B, C, H, W)
  const std::uint8_t* teacher = nullptr;        // (B, C, H, W)
  std::span<const std::uint32_t> samples = {};  // (B)  numbers in the data set: keys of the draws
  std::uint32_t epoch = 0;
};

/// Images travel beside the steps where the backend can send them so.
template <class T, class Device>
struct ImageMail {
  using type = Mailbox<T, Device>;
};
template <class T, UploadsAside Device>
struct ImageMail<T, Device> {
  using type = DoubleMailbox<T, Device>;
};

/// Addresses on the device are the same, or one of two, while the batch has its size, so that a
/// step can be replayed.
template <Backend Device>
class Feed {
  using W = Wide<Device>;

 public:
  using Batch = siamese::Batch<Device, std::uint8_t>;

  /// `affine` (C, 2) holds factor and shift of each channel; `pieces` is how many micro-batches a
  /// batch is cut into.
  Feed(Device& device, ImageExtent extent, const std::vector<W>& affine, Index pieces)
      : device_{device},
        extent_{extent},
        affine_{upload(device, affine)},
        pieces_{static_cast<std::size_t>(pieces)},
        student_views_(pieces_),
        teacher_views_(pieces_) {}

  /// Valid until the next call.
  template <mask::Policy P>
  std::span<const Batch> send(const P& policy, Grid grid, int views, const HostBatch& batch,
                              std::uint64_t seed, double progress) {
    const auto count = static_cast<Index>(batch.samples.size());
    const std::uint8_t* student = send_images(student_, batch.student, count);
    const std::uint8_t* teacher =
        batch.teacher == batch.student ? student : send_images(teacher_, batch.teacher, count);
    batches_.clear();
    for (std::size_t i = 0; i < pieces_; ++i) {
      const Index first = count * static_cast<Index>(i) / static_cast<Index>(pieces_),
                  end = count * static_cast<Index>(i + 1) / static_cast<Index>(pieces_);
      if (first == end) continue;
      const auto samples = batch.samples.subspan(static_cast<std::size_t>(first),
                                                 static_cast<std::size_t>(end - first));
      student_views_[i].fill(policy, grid, views, samples, seed, batch.epoch,
                             {.progress = progress});
      teacher_views_[i].fill_all(grid, samples);
      const auto images = [&](const std::uint8_t* pixels) {
        return nn::Images<Device, std::uint8_t>{pixels + first * extent_.size(),
                                                extent_,
                                                end - first,
                                                {affine_.data(), affine_.size() / 2, 2}};
      };
      batches_.push_back({images(student), student_views_[i].send(device_), images(teacher),
                          teacher_views_[i].send(device_)});
    }
    return batches_;
  }

 private:
  using Images = std::optional<typename ImageMail<std::uint8_t, Device>::type>;

  /// A device of the host's memory, whose step is done when it returns, reads them where they are.
  const std::uint8_t* send_images(Images& mail, const std::uint8_t* pixels, Index count) {
    if constexpr (std::is_same_v<typename Device::Memory, typename Device::Staging> &&
                  std::is_same_v<typename Device::Event, AlreadyPassed>)
      return pixels;
    const Index size = count * extent_.size();
    if (!mail || mail->size() < size) mail.emplace(size);
    std::uint8_t* place = nullptr;
    if constexpr (UploadsAside<Device>) place = mail->write(device_);
    else place = mail->write();
    std::copy_n(pixels, size, place);
    return mail->send(device_, size);
  }

  Device& device_;
  ImageExtent extent_;
  Buffer<W, typename Device::Memory> affine_;
  std::size_t pieces_;
  Images student_, teacher_;
  std::vector<siamese::PackedViews<Device>> student_views_, teacher_views_;
  std::vector<Batch> batches_;
};

}  // namespace extrema::train
