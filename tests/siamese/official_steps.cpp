// SPDX-License-Identifier: MIT
// Whole steps against the official code's, on two engines of products and on the tracing device.
#include <doctest/doctest.h>

#include "../reference.hpp"
#include "extrema/cpu/cpu.hpp"
#include "extrema/cpu/gemm.hpp"
#ifdef EXTREMA_HAS_ONEDNN
#include "extrema/cpu/onednn.hpp"
#endif
#include "extrema/loss/info_nce.hpp"
#include "extrema/mask/disjoint.hpp"
#include "extrema/optim/adamw.hpp"
#include "extrema/optim/schedule.hpp"
#include "extrema/siamese/packed_views.hpp"
#include "extrema/trace/device.hpp"
#include "extrema/train/trainer.hpp"

using namespace extrema;

namespace {

constexpr nn::VitShape infonce{.patch = 4, .dim = 32, .depth = 2, .heads = 2};
constexpr nn::VitShape byol{.patch = 4, .dim = 32, .depth = 2, .heads = 4};
constexpr ImageExtent extent{3, 24, 24};

auto options(auto method_type) {
  using Method = typename decltype(method_type)::type;
  return typename Method::Options{
      .backbone = {.image = extent}, .hidden = 48, .projection = 16, .views = 3};
}

std::vector<std::uint32_t> numbers(Index batch) {
  return std::vector<std::uint32_t>(static_cast<std::size_t>(batch));
}

WideTensor<cpu::Device> buffer(auto& trainer, std::string_view name) {
  for (const auto& [found, values] : trainer.buffers())
    if (found == name) return values;
  throw Error{"no buffer ", name};
}

void load(auto& trainer, const Reference& reference) {
  std::ranges::copy(stored(trainer.layout(), reference, "param/"), buffer(trainer, "student").data);
  for (const auto& entry : trainer.layout().entries())
    if (entry.name.starts_with("base_encoder."))
      std::ranges::copy(reference["param/momentum_encoder." + entry.name.substr(13)],
                        buffer(trainer, "teacher").data + entry.where.offset);
  trainer.restore(0);
}

template <class Device>
Views masks(Device& device, siamese::PackedViews<Device>& views, const Reference& reference,
            const std::string& prefix, Index batch) {
  views.resize(numbers(batch), 3, 7);
  for (int v = 0; v < 3; ++v)
    std::ranges::copy(reference.integers.at(prefix + std::to_string(v)),
                      views.patches() + v * batch * 7);
  return views.send(device);
}

void check_gradients(const auto& trainer, const Reference& reference, double tolerance) {
  for (const auto& entry : trainer.layout().entries()) {
    CAPTURE(entry.name);
    if (entry.traits.trained && !is_key_bias(entry.name))
      CHECK(relative_difference(trainer.gradients().data + entry.where.offset,
                                reference["grad/" + entry.name]) < tolerance);
  }
}

void check_outcome(const auto& trainer, double loss, double norm) {
  const ops::StepOutcome outcome = trainer.outcome();
  CHECK(std::abs(outcome.loss / loss - 1) < 3e-6);
  CHECK(std::abs(std::sqrt(outcome.squared_gradient_norm) / norm - 1) < 3e-6);
}

}  // namespace

#ifdef EXTREMA_HAS_ONEDNN
#define DEVICES cpu::Device, cpu::BasicDevice<fp32, cpu::OneDnn>
#else
#define DEVICES cpu::Device
#endif

TEST_CASE_TEMPLATE("one infonce step", Device, DEVICES) {
  using Method = siamese::Extrema<nn::Vit<infonce>, mask::Disjoint, loss::InfoNce>;
  const Reference reference{"extrema_infonce_step"};
  Device device;
  train::Trainer<Method, optim::AdamW, Device> trainer{
      device, {.method = options(std::type_identity<Method>{})}};
  load(trainer, reference);
  siamese::PackedViews<Device> student, teacher;
  teacher.fill_all({6, 6}, numbers(5));
  const nn::Images<Device> images{reference["input/x"].data(), extent, 5};
  const siamese::Batch<Device> batch{images, masks(device, student, reference, "mask/", 5), images,
                                     teacher.send(device)};
  trainer.step(batch, {.ema_momentum = 0.99});
  check_outcome(trainer, reference["out/loss"][0], reference["out/grad_norm"][0]);
  // Both are rounded to float; double is held to 1e-5 (tests/parity.cpp). See docs/parity.md.
  check_gradients(trainer, reference, 1.5e-5);
}

TEST_CASE_TEMPLATE("three byol steps", Device, DEVICES, trace::Device<cpu::Device>) {
  using Method = siamese::Extrema<nn::Vit<byol>, mask::Disjoint>;
  const Reference reference{"extrema_byol_step"};
  Device device;
  train::Trainer<Method, optim::AdamW, Device> trainer{
      device, {.method = options(std::type_identity<Method>{})}};
  load(trainer, reference);
  const optim::WarmupCosine rate{.peak = 0.0012};
  const optim::MomentumCosine momentum{.begin = 0.95};

  siamese::PackedViews<Device> student, teacher;
  teacher.fill_all({6, 6}, numbers(4));
  const Views all = teacher.send(device);
  for (int step = 1; step <= 3; ++step) {
    const std::string at = "step" + std::to_string(step);
    const auto images = [&](const char* name) {
      return nn::Images<Device>{reference["input/" + at + name].data(), extent, 4};
    };
    const siamese::Batch<Device> batch{images(".x1"),
                                       masks(device, student, reference, "mask/" + at + ".", 4),
                                       images(".x2"), all};
    const double epoch = 39 + 0.5 * step;
    trainer.step(
        batch,
        {.learning_rate = rate(epoch), .weight_decay = 0.1, .ema_momentum = momentum(epoch)});
    check_outcome(trainer, reference["out/" + at + ".loss"][0],
                  reference["out/" + at + ".grad_norm"][0]);
    if (step == 1) check_gradients(trainer, reference, 1e-5);
    const auto now = buffer(trainer, "student"), then = buffer(trainer, "teacher");
    for (const auto& entry : trainer.layout().entries()) {
      CAPTURE(entry.name);
      if (is_key_bias(entry.name)) continue;
      if (step != 2) {
        const Difference difference{now.data + entry.where.offset,
                                    reference[at + "/" + entry.name]};
        CHECK(difference.quantile < 3e-6);  // all but one in a thousand
        CHECK(difference.largest < step * 0.0012 / 5);
      }
      if (entry.name.starts_with("base_encoder."))
        CHECK(relative_difference(then.data + entry.where.offset,
                                  reference[at + "/momentum_encoder." + entry.name.substr(13)]) <
              3e-6);
    }
  }
}
