// SPDX-License-Identifier: MIT
// From a batch on the host to what a step takes: images sent, masks drawn, in one piece or several.
// B images of C x H x W pixels
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

#include "extrema/core/round_up.hpp"
#include "extrema/data/pair.hpp"
#include "extrema/device/double_mailbox.hpp"
#include "extrema/device/mailbox.hpp"
#include "extrema/device/upload.hpp"
#include "extrema/ops/augment.hpp"
#include "extrema/siamese/extrema.hpp"
#include "extrema/siamese/packed_views.hpp"

namespace extrema::train {

/// One batch of 8-bit images on the host, or plans for the device to make them by. Student and
/// teacher may be the same memory: then both branches see the same augmentation.
struct HostBatch {
  const std::uint8_t* student = nullptr;        // (B, C, H, W)
  const std::uint8_t* teacher = nullptr;        // (B, C, H, W)
  std::span<const std::uint32_t> samples = {};  // (B)  numbers in the data set: keys of the draws
  std::uint32_t epoch = 0;
  data::Plans plans = {};     // (B) in place of student and teacher
  bool shares_image = false;  // of plans: both branches see the same image
};

/// A backend that makes images by a loader's plans. (The CUDA backend's headers come first, by
/// cuda/cuda.cuh: a unit that lacks one would think otherwise.)
template <class Device>
concept AugmentsImages = ops::Implements<Device, ops::Augment>;

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
    const auto [student, teacher] = send_images(batch, count);
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
  using Mail = std::optional<typename ImageMail<std::uint8_t, Device>::type>;
  using Pixels = Buffer<std::uint8_t, typename Device::Memory>;
  struct Pair {
    const std::uint8_t *student, *teacher;  // (B, C, H, W)
  };

  Pair send_images(const HostBatch& batch, Index count) {
    if (!batch.plans.empty()) {
      if constexpr (AugmentsImages<Device>) return augment(batch, count);
      throw Error{"Feed: this device makes no images by plans: give it images"};
    }
    const std::uint8_t* const student = send_images(student_, batch.student, count);
    return {student,
            batch.teacher == batch.student ? student : send_images(teacher_, batch.teacher, count)};
  }

  /// A device of the host's memory, whose step is done when it returns, reads them where they are.
  const std::uint8_t* send_images(Mail& mail, const std::uint8_t* pixels, Index count) {
    if constexpr (std::is_same_v<typename Device::Memory, typename Device::Staging> &&
                  std::is_same_v<typename Device::Event, AlreadyPassed>)
      return pixels;
    const Index size = count * extent_.size();
    std::copy_n(pixels, size, write(mail, size, size));
    return mail->send(device_, size);
  }

  /// For `size` bytes; where there is no place for them, one of `roomy` is made.
  std::uint8_t* write(Mail& mail, Index size, Index roomy) {
    if (!mail || mail->size() < size) {
      device_.synchronise();  // what is sent may be read still
      mail.emplace(roomy);
    }
    if constexpr (UploadsAside<Device>) return mail->write(device_);
    else return mail->write();
  }

  Pair augment(const HostBatch& batch, Index count) {
    for (const auto& plan : batch.plans) require(plan);
    if (std::ssize(batch.plans) != count)
      throw Error{"Feed: found ", batch.plans.size(), " plans for ", count, " images"};
    const std::uint8_t* const sent = send_plans(batch.plans);
    std::uint8_t* const student = room(student_made_, count * extent_.size());
    std::uint8_t* const teacher =
        batch.shares_image ? nullptr : room(teacher_made_, count * extent_.size());
    ops::run(device_, ops::Augment{.plans = sent,
                                   .at = reinterpret_cast<const Index*>(sent),
                                   .count = count,
                                   .extent = extent_,
                                   .student = student,
                                   .teacher = teacher});
    return {student, teacher ? teacher : student};
  }

  void require(const std::vector<std::uint8_t>& bytes) const {
    data::PairPlan plan;
    if (bytes.size() >= sizeof plan) std::memcpy(&plan, bytes.data(), sizeof plan);
    if (const ImageExtent made{plan.channels, plan.height, plan.width}; made != extent_)
      throw Error{
          "Feed: a plan makes ", made.channels,    " x ", made.height,    " x ", made.width,
          ", the model takes ",  extent_.channels, " x ", extent_.height, " x ", extent_.width};
  }

  /// In one piece: where each begins (B), then the plans.
  const std::uint8_t* send_plans(data::Plans plans) {
    constexpr Index alignment = 16;
    const auto rounded = [](Index bytes) { return round_up(bytes, alignment); };
    const Index count = std::ssize(plans);
    plan_at_.assign(1, rounded(count * static_cast<Index>(sizeof(Index))));
    for (const auto& plan : plans) plan_at_.push_back(plan_at_.back() + rounded(std::ssize(plan)));
    const Index size = plan_at_.back();
    std::uint8_t* const place = write(plans_, size, rounded(size + size / 4));  // sizes vary
    std::memcpy(place, plan_at_.data(), static_cast<std::size_t>(count) * sizeof(Index));
    for (std::size_t i = 0; i < plans.size(); ++i) std::ranges::copy(plans[i], place + plan_at_[i]);
    return plans_->send(device_, size);
  }

  std::uint8_t* room(Pixels& pixels, Index size) {
    if (pixels.size() < size) {
      device_.synchronise();  // what is there may be read still
      pixels = Pixels{size};
    }
    return pixels.data();
  }

  Device& device_;
  ImageExtent extent_;
  Buffer<W, typename Device::Memory> affine_;
  std::size_t pieces_;
  Mail student_, teacher_, plans_;
  std::vector<Index> plan_at_;
  Pixels student_made_, teacher_made_;
  std::vector<siamese::PackedViews<Device>> student_views_, teacher_views_;
  std::vector<Batch> batches_;
};

}  // namespace extrema::train
