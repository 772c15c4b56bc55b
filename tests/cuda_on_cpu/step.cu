// SPDX-License-Identifier: MIT
// Whole steps of training on a CUDA backend and on the CPU: run as they are or replayed as graphs,
// with a host that waits after each or runs ahead.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <set>
#include <span>
#include <tuple>
#include <vector>

#include "extrema/cpu/cpu.hpp"
#include "extrema/cuda/cuda.cuh"
#include "extrema/device/download.hpp"
#include "extrema/device/mailbox.hpp"
#include "extrema/loss/catalogue.hpp"
#include "extrema/mask/block_wise.hpp"
#include "extrema/mask/disjoint.hpp"
#include "extrema/optim/adamw.hpp"
#include "extrema/optim/schedule.hpp"
#include "extrema/siamese/packed_views.hpp"
#include "extrema/train/trainer.hpp"
#include "plain.cuh"

using namespace extrema;

namespace {

constexpr nn::VitShape shape{.patch = 4, .dim = 32, .depth = 2, .heads = 2, .mlp_ratio = 2};
constexpr Index images = 3;  // in each of two pieces
#ifndef EXTREMA_CUDA_CHECKED
constexpr int steps = 6;
#else
constexpr int steps = 5;
#endif

/// How many patches the views of a step keep: of two numbers that take turns, the larger one first,
/// so that there is more than one geometry; or each a number of its own.
enum class Sizes { take_turns, vary };

/// Of views that vary enough patches that they are filled up (siamese/packed_views.hpp).
constexpr ImageExtent extent_of(Sizes sizes) {
  return sizes == Sizes::vary ? ImageExtent{3, 32, 40} : ImageExtent{3, 16, 24};
}

using Method = siamese::Extrema<nn::Vit<shape>, mask::Disjoint, loss::Shipped>;

template <class Device>
using Trainer = train::Trainer<Method, optim::AdamW, Device>;

Method::Options options(const loss::Shipped& loss, Sizes sizes) {
  return {.backbone = {.image = extent_of(sizes), .drop_path = 0.4},
          .hidden = 24,
          .projection = 16,
          .views = 2,
          .loss = loss};
}

/// A device that runs steps as `Way` does, and counts how often the host ran their operations.
template <class Inner, class Way>
class Counting : public Inner {
 public:
  class Replay {
   public:
    void operator()(auto& device, const Geometry& geometry, auto&& step) {
      way_(device, geometry, [&] {
        ++device.runs;
        step();
      });
    }
    void forget() { way_.forget(); }

   private:
    Way way_;
  };
  int runs = 0;
};
template <class Device>
using Eager = Counting<Device, RunEachTime>;
template <class Device>
using Replayed = Counting<Device, typename Device::Replay>;

/// 8-bit images and their views, new in each step, by way of mailboxes.
template <class Device>
class Piece {
 public:
  Piece(WideInput<Device> affine, Sizes sizes)
      : affine_{affine}, sizes_{sizes}, pixels_{images * extent_of(sizes).size()} {}

  siamese::Batch<Device, std::uint8_t> send(Device& device, int step, std::uint32_t first_sample) {
    const auto number = static_cast<std::uint32_t>(step);
    random::Stream random{1, random::Purpose::crop, number, first_sample};
    std::uint8_t* pixels = pixels_.write();
    for (Index i = 0; i < pixels_.size(); ++i)
      pixels[i] = static_cast<std::uint8_t>(random.below(256));
    const ImageExtent extent = extent_of(sizes_);
    const nn::Images<Device, std::uint8_t> batch{pixels_.send(device, pixels_.size()), extent,
                                                 images, affine_};
    const std::vector<std::uint32_t> samples{first_sample, first_sample + 3, first_sample + 1};
    const auto fill = [&](const auto& policy) {
      student_.fill(policy, extent.grid(shape.patch), 2, samples, 0, number);
    };
    if (sizes_ == Sizes::vary) fill(mask::BlockWise{.ratio = 0.5, .smallest = 12, .tries = 2});
    else fill(mask::Disjoint{.ratio = step % 2 == 0 ? 0.5 : 0.75});
    teacher_.fill_all(extent.grid(shape.patch), samples);
    return {batch, student_.send(device), batch, teacher_.send(device)};
  }

 private:
  WideInput<Device> affine_;
  Sizes sizes_;
  Mailbox<std::uint8_t, Device> pixels_;
  siamese::PackedViews<Device> student_, teacher_;
};

/// What some steps leave: the last one's outcome and gradients, and all that is remembered.
struct Left {
  ops::StepOutcome outcome;
  std::vector<double> gradients, state;
  int runs = 0;      // of the steps' operations, by the host
  Index tokens = 0;  // that the student was shown, with those that fill up
};

enum class Host : bool { waits, runs_ahead };

template <class Device>
Left train_for(int count, const loss::Shipped& loss, Host host, Sizes sizes = Sizes::take_turns) {
  Device device;
  Trainer<Device> trainer{device, {.method = options(loss, sizes), .seed = 5, .clip = 1}};
  const std::vector<Wide<Device>> normalisation(6, static_cast<Wide<Device>>(0.01));
  const auto affine = upload(device, normalisation);
  const WideInput<Device> of_channels{affine.data(), 3, 2};
  std::array pieces{Piece<Device>{of_channels, sizes}, Piece<Device>{of_channels, sizes}};
  const optim::WarmupCosine rate{.peak = 0.001, .warmup = 3, .epochs = steps};
  const optim::MomentumCosine momentum{.begin = 0.5, .epochs = steps};
  Index tokens = 0;
  for (int step = 0; step < count; ++step) {
    const std::array batch{pieces[0].send(device, step, 4), pieces[1].send(device, step, 40)};
    for (const auto& piece : batch) tokens += piece.student_views.sequences.tokens;
    trainer.step(
        std::span<const siamese::Batch<Device, std::uint8_t>>{batch},
        {.learning_rate = rate(step + 1), .weight_decay = 0.1, .ema_momentum = momentum(step)});
    if (host == Host::waits) device.synchronise();
  }
  Left left{
      .outcome = trainer.outcome(), .gradients = {}, .state = {}, .runs = 0, .tokens = tokens};
  const auto append = [&](std::vector<double>& to, WideTensor<Device> from) {
    const auto values = download(device, from);
    to.insert(to.end(), values.begin(), values.end());
  };
  append(left.gradients, trainer.gradients());
  for (const auto& buffer : trainer.buffers()) append(left.state, buffer.values);
  if constexpr (requires { device.runs; }) left.runs = device.runs;
  return left;
}

/// |a - b| / |b| of vectors.
double distance(const std::vector<double>& a, const std::vector<double>& b) {
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    difference += (a[i] - b[i]) * (a[i] - b[i]);
    size += b[i] * b[i];
  }
  return std::sqrt(difference / size);
}

void check_same(const Left& a, const Left& b) {
  CHECK(a.outcome.loss == b.outcome.loss);
  CHECK(a.outcome.squared_gradient_norm == b.outcome.squared_gradient_norm);
  CHECK(a.outcome.gradient_factor == b.outcome.gradient_factor);
  CHECK((a.gradients == b.gradients));
  CHECK((a.state == b.state));
}

/// A CUDA device, and the CPU's of the same format.
template <class Found, class Cpu>
struct Pair {
  using Device = Found;
  using Expected = Cpu;
};

#ifndef EXTREMA_CUDA_CHECKED
/// Whose steps are the CPU's. Here stands a line for each backend and format.
using Pairs = std::tuple<Pair<plain::Device<fp64>, cpu::BasicDevice<fp64, cpu::EigenProducts>>,  //
                         Pair<plain::Device<fp32>, cpu::Device>, Pair<cuda::Device, cpu::Device>>;

/// Whose steps are the same bits each time.
using Devices = std::tuple<plain::Device<fp32>, plain::Device<bf16>, cuda::Device,
                           cuda::LtDevice<bf16>, cuda::LtDevice<fp16>>;
#else
/// Under a checker steps take ten times as long; and it is the kernels that are checked.
using Pairs = std::tuple<Pair<cuda::Device, cpu::Device>>;
using Devices = std::tuple<cuda::LtDevice<bf16>>;
#endif

/// How far sums of another order take a step's results, in roundings of the Wide type. InfoNCE's
/// gradient is a difference of cosines that are nearly the same in a model that has just begun, so
/// that their rounding weighs the more. That this is the reason, and no mistake, shows in double,
/// which is held to the same count of roundings.
struct Case {
  loss::Shipped loss;
  double value, gradient;
};
const std::vector<Case> cases{{loss::Byol{}, 40, 100}, {loss::InfoNce{}, 40, 20000}};

}  // namespace

TEST_CASE_TEMPLATE_DEFINE("the first steps are the CPU's", Both, first_steps) {
  constexpr double rounding = std::numeric_limits<Wide<typename Both::Device>>::epsilon() / 2;
  for (const Case& of : cases)
    for (const int count : {1, 2, steps}) {
      CAPTURE(count);
      const Left cpu = train_for<typename Both::Expected>(count, of.loss, Host::waits);
      const Left found = train_for<typename Both::Device>(count, of.loss, Host::runs_ahead);
      REQUIRE(std::isfinite(cpu.outcome.loss));
      REQUIRE(cpu.outcome.gradient_factor > 0);
      CHECK(std::abs(found.outcome.loss - cpu.outcome.loss) <=
            of.value * rounding * cpu.outcome.loss);
      CHECK(distance(found.gradients, cpu.gradients) <= of.gradient * rounding);
    }
}
TEST_CASE_TEMPLATE_APPLY(first_steps, Pairs);

TEST_CASE_TEMPLATE_DEFINE("steps of views that vary in size are the CPU's", Both, varying_views) {
  constexpr double rounding = std::numeric_limits<Wide<typename Both::Device>>::epsilon() / 2;
  for (const Case& of : cases) {
    const int count = steps / 2;
    const Left cpu = train_for<typename Both::Expected>(count, of.loss, Host::waits, Sizes::vary);
    const Left found =
        train_for<typename Both::Device>(count, of.loss, Host::runs_ahead, Sizes::vary);
    REQUIRE(cpu.outcome.gradient_factor > 0);
    CHECK(found.tokens > cpu.tokens);
    CHECK(std::abs(found.outcome.loss - cpu.outcome.loss) <=
          of.value * rounding * cpu.outcome.loss);
    CHECK(distance(found.gradients, cpu.gradients) <= of.gradient * rounding);
  }
}
TEST_CASE_TEMPLATE_APPLY(varying_views, Pairs);

/// The same views, and what fills them up to one of few numbers of tokens.
TEST_CASE("views that vary in size are filled up where steps are replayed") {
  constexpr Grid grid{14, 14};
  constexpr int views = 2;
  constexpr Index batch = 50, shown = batch * views;
  std::vector<std::uint32_t> samples(batch);
  cpu::Device host;
  cuda::Device device;
  siamese::PackedViews<cpu::Device> expected;
  siamese::PackedViews<cuda::Device> filled;
  std::set<Index> counts;
  std::set<Geometry> geometries;  // hence graphs
  for (std::uint32_t step = 0; step < 40; ++step) {
    std::iota(samples.begin(), samples.end(), 50 * step);
    expected.fill(mask::BlockWise{.ratio = 0.6}, grid, views, samples, 0, 0);
    filled.fill(mask::BlockWise{.ratio = 0.6}, grid, views, samples, 0, 0);
    const Views want = expected.send(host), got = filled.send(device);
    const Sequences& sequences = got.sequences;
    counts.insert(want.sequences.tokens);
    Geometry geometry;
    geometry.add(got);
    geometries.insert(geometry);
    CHECK(want.padding == 0);
    REQUIRE(got.shown() == shown);
    REQUIRE(want.sequences.count == shown);
    REQUIRE(sequences.tokens >= want.sequences.tokens);
    CHECK(sequences.tokens <= want.sequences.tokens + want.sequences.tokens / 32);
    const auto whole = [&](const std::int32_t* numbers, Index count) {
      return download(device, Matrix<const std::int32_t>{numbers, 1, count});
    };
    const auto offsets = whole(sequences.offsets, sequences.count + 1);
    const auto patches = whole(got.patch, sequences.tokens);
    const auto images_shown = whole(got.image, sequences.count);
    CHECK(std::equal(offsets.begin(), offsets.begin() + shown + 1, want.sequences.offsets));
    CHECK(std::equal(want.patch, want.patch + want.sequences.tokens, patches.begin()));
    CHECK(std::equal(want.image, want.image + shown, images_shown.begin()));
    CHECK(offsets.back() == sequences.tokens);
    for (std::size_t s = 0; s + 1 < offsets.size(); ++s)
      REQUIRE((offsets[s] <= offsets[s + 1] && offsets[s + 1] - offsets[s] <= sequences.longest));
    CHECK(std::ranges::all_of(patches, [&](auto p) { return p >= 0 && p < grid.size(); }));
    CHECK(std::ranges::all_of(images_shown, [&](auto i) { return i >= 0 && i < batch; }));
  }
  CHECK(counts.size() > 20);
  CHECK(geometries.size() < 6);
}

#ifndef EXTREMA_CUDA_CHECKED
/// Its own rounding is 2^-11 of each number; tf32 has as many digits, and is computed as fp32 here.
TEST_CASE("steps in half precision are near the CPU's, whatever the loss scale") {
  for (const Case& of : cases)
    for (const int count : {1, 3}) {
      CAPTURE(count);
      const Left cpu = train_for<cpu::Device>(count, of.loss, Host::waits);
      Left found = train_for<cuda::LtDevice<fp16>>(count, of.loss, Host::runs_ahead);
      REQUIRE(found.outcome.gradient_factor > 0);
      CHECK(found.outcome.loss_scale > 1);
      for (double& gradient : found.gradients) gradient /= found.outcome.loss_scale;
      CHECK(std::abs(found.outcome.loss - cpu.outcome.loss) <= 0.002 * cpu.outcome.loss);
      CHECK(distance(found.gradients, cpu.gradients) <= 0.02);
    }
}
#endif

TEST_CASE_TEMPLATE_DEFINE("steps are the same bits however they are run", Device, same_bits) {
  for (const Case& of : cases) {
    const Left expected = train_for<Eager<Device>>(steps, of.loss, Host::waits);
    CHECK(expected.runs == steps);
    check_same(train_for<Eager<Device>>(steps, of.loss, Host::runs_ahead), expected);
    for (const Host host : {Host::waits, Host::runs_ahead}) {
      const Left replayed = train_for<Replayed<Device>>(steps, of.loss, host);
      CHECK(replayed.runs < steps);  // twice for each geometry, and again where memory has moved
      check_same(replayed, expected);
    }
  }
}
TEST_CASE_TEMPLATE_APPLY(same_bits, Devices);
