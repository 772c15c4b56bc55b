// SPDX-License-Identifier: MIT
// A batch in pieces gives the result of the whole, stochastic depth and contrast over it included.
#include <doctest/doctest.h>

#include <list>

#include "extrema/cpu/cpu.hpp"
#include "extrema/cpu/gemm.hpp"
#include "extrema/loss/catalogue.hpp"
#include "extrema/mask/disjoint.hpp"
#include "extrema/optim/adamw.hpp"
#include "extrema/siamese/packed_views.hpp"
#include "extrema/train/trainer.hpp"

using namespace extrema;

namespace {

constexpr nn::VitShape shape{.patch = 4, .dim = 24, .depth = 3, .heads = 2, .mlp_ratio = 2};
constexpr ImageExtent extent{3, 16, 24};
using Method = siamese::Extrema<nn::Vit<shape>, mask::Disjoint, loss::Shipped>;

Method::Options options(const loss::Shipped& loss) {
  return {.backbone = {.image = extent, .drop_path = 0.5},
          .hidden = 32,
          .projection = 8,
          .views = 3,
          .loss = loss};
}

template <class W>
std::vector<W> random_pixels(Index images) {
  random::Stream random{1, random::Purpose::crop, 0, 0};
  std::vector<W> pixels(static_cast<std::size_t>(images * extent.size()));
  for (W& p : pixels) p = static_cast<W>(2 * random.uniform() - 1);
  return pixels;
}

struct Step {
  double loss;
  std::vector<double> gradients;
};

/// One step of seven images, cut so.
template <class Device>
Step step_in(const loss::Shipped& loss, const std::vector<Index>& sizes) {
  Device device;
  train::Trainer<Method, optim::AdamW, Device> trainer{device,
                                                       {.method = options(loss), .seed = 5}};
  const auto pixels = random_pixels<Wide<Device>>(7);
  const std::vector<std::uint32_t> samples{4, 9, 1, 7, 3, 8, 2};
  std::list<siamese::PackedViews<Device>> views;
  std::vector<siamese::Batch<Device>> pieces;
  Index first = 0;
  for (const Index size : sizes) {
    const auto own =
        std::span{samples}.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(size));
    const nn::Images<Device> images{pixels.data() + first * extent.size(), extent, size};
    auto& student = views.emplace_back();
    auto& teacher = views.emplace_back();
    student.fill(mask::Disjoint{.ratio = 0.7}, extent.grid(4), 3, own, 5, 0);
    teacher.fill_all(extent.grid(4), own);
    pieces.push_back({images, student.send(device), images, teacher.send(device)});
    first += size;
  }
  trainer.step(std::span<const siamese::Batch<Device>>{pieces}, {.learning_rate = 1e-3});
  const auto gradients = trainer.gradients();
  return {trainer.outcome().loss, {gradients.data, gradients.data + gradients.size()}};
}

/// The largest difference, relative to the largest gradient.
double difference(const Step& a, const Step& b) {
  double worst = 0, largest = 0;
  for (std::size_t i = 0; i < a.gradients.size(); ++i) {
    worst = std::max(worst, std::abs(a.gradients[i] - b.gradients[i]));
    largest = std::max(largest, std::abs(a.gradients[i]));
  }
  return worst / largest;
}

template <class Device>
void check_pieces(const loss::Shipped& loss, double tolerance) {
  const Step whole = step_in<Device>(loss, {7});
  CHECK(difference(whole, step_in<Device>(loss, {7})) == 0);
  const std::vector<Index> cuts[] = {{4, 3}, {3, 2, 2}, {1, 6}};
  for (const auto& sizes : cuts) {
    const Step step = step_in<Device>(loss, sizes);
    CHECK(std::abs(step.loss / whole.loss - 1) < tolerance);
    CHECK(difference(whole, step) < tolerance);
  }
}

}  // namespace

TEST_CASE("a batch in one, two and three pieces: the same gradients") {
  using Double = cpu::BasicDevice<fp64, cpu::EigenProducts>;
  for (const loss::Shipped& loss : {loss::Shipped{loss::Byol{}}, loss::Shipped{loss::InfoNce{}}}) {
    CAPTURE(loss.choice.index());
    // InfoNCE subtracts targets that are nearly equal in a model that is not trained.
    check_pieces<cpu::Device>(loss, loss.choice.index() == 0 ? 1e-6 : 5e-6);
    check_pieces<Double>(loss, 1e-12);
  }
}

TEST_CASE("an image's prediction does not depend on its place, nor on its neighbours") {
  using Device = cpu::BasicDevice<fp64, cpu::EigenProducts>;
  Device device;
  Layout layout;
  const Method method{Path{layout}, options(loss::Byol{})};
  const auto values = nn::initialise<double>(layout, 3);
  const random::StepKey key{11, 4};
  const auto pixels = random_pixels<double>(7);
  const auto predict = [&](std::vector<Index> order) {
    std::vector<double> sorted;
    std::vector<std::uint32_t> samples;
    for (const Index image : order) {
      const auto from = pixels.begin() + image * extent.size();
      sorted.insert(sorted.end(), from, from + extent.size());
      samples.push_back(static_cast<std::uint32_t>(100 + image));
    }
    siamese::PackedViews<Device> views;
    views.fill(mask::Disjoint{.ratio = 0.7}, extent.grid(4), 3, samples, 5, 0);
    const Scope scope{device.workspace()};
    const nn::Images<Device> images{sorted.data(), extent, std::ssize(order)};
    const auto rows = method
                          .forward(device, Weights<Device>{values.data(), values.data(), &key},
                                   images, views.send(device))
                          .output;  // (3 B, P)
    return std::vector<double>(rows.data, rows.data + rows.size());
  };
  const auto first = predict({0, 1, 2, 3, 4, 5, 6}), second = predict({6, 2, 0});
  const std::size_t width = 8;
  for (std::size_t view = 0; view < 3; ++view)
    for (const auto& [a, b] : {std::pair<std::size_t, std::size_t>{6, 0}, {2, 1}, {0, 2}})
      for (std::size_t i = 0; i < width; ++i)
        CHECK(first[(view * 7 + a) * width + i] ==
              doctest::Approx(second[(view * 3 + b) * width + i]).epsilon(1e-12));
}
