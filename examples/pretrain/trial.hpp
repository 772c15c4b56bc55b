// SPDX-License-Identifier: MIT
// What a step takes, found by taking small ones whose results are thrown away.
#pragma once

#include <algorithm>
#include <chrono>
#include <numeric>
#include <vector>

#include "extrema/data/affine.hpp"
#include "extrema/train/feed.hpp"
#include "extrema/train/recipe.hpp"

namespace pretrain {

using extrema::Index;

/// Time and memory as functions of the images in a micro-batch.
struct StepCost {
  double fixed_bytes = 0, bytes_per_image = 0;  // of the workspace
  double seconds_per_image = 0;
  double update_seconds = 0;  // of the optimiser and the teacher, once a step

  double bytes(Index images) const {
    return fixed_bytes + bytes_per_image * static_cast<double>(images);
  }
  double seconds(Index batch) const {
    return update_seconds + seconds_per_image * static_cast<double>(batch);
  }
};

/// Leaves the trainer as it is: only gradients are written, which a step clears.
template <class Trainer>
class Trial {
  using Device = std::remove_reference_t<decltype(std::declval<Trainer>().device())>;
  using W = extrema::Wide<Device>;

 public:
  Trial(Trainer& trainer, const extrema::train::Recipe& recipe)
      : trainer_{trainer},
        batch_{recipe.batch},
        normalisation_{extrema::data::affine<W>(*recipe.normalisation)} {}

  /// Memory grows linearly from one image to two; time is taken of a micro-batch that is large
  /// enough to last a third of a second.
  StepCost measure() {
    const auto peak = [&] { return static_cast<double>(trainer_.device().workspace().peak()); };
    double seconds = step(1);
    StepCost cost{.fixed_bytes = peak()};
    Index images = std::min<Index>(2, batch_);
    seconds = step(images);
    if (images > 1) {
      cost.bytes_per_image = peak() - cost.fixed_bytes;
      cost.fixed_bytes -= cost.bytes_per_image;
    }
    while (seconds < 0.3 && images < batch_) {
      images = std::min({2 * images, batch_, Index{256}});
      seconds = step(images);
      if (images == 256) break;
    }
    cost.seconds_per_image = seconds / static_cast<double>(images);
    cost.update_seconds = update();
    return cost;
  }

 private:
  using Clock = std::chrono::steady_clock;

  static double timed(const auto& body) {
    const auto begin = Clock::now();
    body();
    return std::chrono::duration<double>(Clock::now() - begin).count();
  }

  /// The seconds that a micro-batch of a batch takes, once all is prepared.
  double step(Index images) {
    using namespace extrema;
    auto& device = trainer_.device();
    const auto& options = trainer_.options().method;
    const auto& method = trainer_.method();
    const ImageExtent extent = method.backbone().image();
    const std::vector<std::uint8_t> pixels(static_cast<std::size_t>(images * extent.size()), 100);
    std::vector<std::uint32_t> samples(static_cast<std::size_t>(images));
    std::iota(samples.begin(), samples.end(), 0u);
    train::Feed<Device> feed{device, extent, normalisation_, 1};
    const auto pieces = feed.send(options.mask, method.backbone().grid(), options.views,
                                  {pixels.data(), pixels.data(), samples}, 0, 0);
    const auto& piece = pieces.front();
    const Trainable<Device> student{trainer_.student(), trainer_.gradients().data};
    double seconds = 0;
    for (int warm = 0; warm < 2; ++warm)
      seconds = timed([&] {
        const Scope scope{device.workspace()};
        const auto targets = take_wide(device, batch_, options.projection);  // (B, P)
        ops::run(device, ops::Zero<W>{targets});
        ops::run(device, ops::Zero<W>{trainer_.gradients()});
        ops::run(device, ops::Zero<double>{found_.view()});
        method.target(device, trainer_.teacher(), piece.teacher, piece.teacher_views,
                      targets.slice(0, images));
        method.differentiate(device, student, piece.student, piece.student_views, options.loss,
                             loss::Targets<Device>{targets, 0, images}, 1.0, found_.data());
        device.synchronise();
      });
    return seconds;
  }

  /// A step's passes over parameters read and write about nine times what the norm reads.
  double update() {
    using namespace extrema;
    const auto gradients = trainer_.gradients();
    return 9 * timed([&] {
             ops::run(trainer_.device(), ops::SquaredNorm<W>{gradients, found_.data()});
             trainer_.device().synchronise();
           });
  }

  Trainer& trainer_;
  Index batch_;
  std::vector<W> normalisation_;
  extrema::Buffer<double, typename Device::Memory> found_{1};
};

}  // namespace pretrain
