// SPDX-License-Identifier: MIT
// Every optimiser against formulas written out for one parameter at a time, and against
// torch.optim.
#include <doctest/doctest.h>

#include <array>
#include <limits>

#include "../checked_device.hpp"
#include "extrema/optim/catalogue.hpp"
#include "extrema/optim/concepts.hpp"

using namespace extrema;

namespace {

using Double = CheckedDevice<fp64>;
static_assert(optim::Optimizer<optim::AdamW, cpu::Device>);
static_assert(optim::Optimizer<optim::Sgd, cpu::Device>);
static_assert(optim::Optimizer<optim::Lars, Double>);
static_assert(optim::Optimizer<optim::Shipped, Double>);
struct WithoutState {};
static_assert(!optim::HasState<WithoutState, Double>);

/// A matrix that decays, a bias, a frozen table, and a deeper matrix.
Layout layout() {
  Layout result;
  const Path at{result};
  at.matrix("weight", 5, 7, {.decays = true});
  at.vector("bias", 7, {});
  at.matrix("table", 2, 9, {.trained = false});
  (at / "head").at_depth(2).matrix("weight", 3, 4, {.decays = true});
  return result;
}

template <class Device>
struct Store {
  using W = Wide<Device>;
  Buffer<W, typename Device::Memory> gradients;
  Values<Device> values;

  explicit Store(Index size) : gradients{size}, values{Buffer<W, typename Device::Memory>{size}} {
    std::fill_n(gradients.data(), size, W{0});
    std::fill_n(values.wide().data, size, W{0});
  }
};

double draw(std::uint32_t t, std::uint32_t i) {
  return 2 * random::Stream{7, random::Purpose::init, t, i}.uniform() - 1;
}

constexpr double rate = 0.05, decay = 0.2, layer_decay = 0.5;
constexpr int steps = 5;

/// `size` steps of a shipped optimiser; all values, the parameters' one after another.
template <class Device, class Recipe>
std::vector<double> shipped(const Recipe& recipe, double factor = 1) {
  const Layout parameters = layout();
  Device device;
  Store<Device> store{parameters.size()};
  const auto each = [&](auto&& body) {
    std::uint32_t i = 0;
    for (const auto& entry : parameters.entries())
      for (Index j = 0; j < entry.where.rows * entry.where.cols; ++j)
        body(entry.where.offset + j, i++);
  };
  each([&](Index at, std::uint32_t i) {
    store.values.wide().data[at] = static_cast<Wide<Device>>(draw(0, i));
  });
  store.values.refresh(device);
  typename Recipe::template State<Device> state{device, recipe, parameters};
  for (int t = 1; t <= steps; ++t) {
    each([&](Index at, std::uint32_t i) {
      store.gradients.data()[at] =
          static_cast<Wide<Device>>(draw(static_cast<std::uint32_t>(t), i));
    });
    const ops::StepScalars step{
        .learning_rate = rate * t, .weight_decay = decay, .count = static_cast<double>(t)};
    state.update(device, store.values, store.gradients.view(), &step, &factor);
  }
  std::vector<double> result;
  each([&](Index at, std::uint32_t) {
    result.push_back(static_cast<double>(store.values.wide().data[at]));
    if constexpr (!std::is_same_v<Scalar<Device>, Wide<Device>>)
      CHECK(store.values.operands().data[at] ==
            static_cast<Scalar<Device>>(store.values.wide().data[at]));
  });
  return result;
}

/// One parameter, written out.
struct Slow {
  std::vector<double> x, m, v;
  double rate_scale, decays;
};
using SlowStep = void (*)(Slow&, const std::vector<double>&, double rate, double decay, int t);

std::vector<double> written_out(SlowStep step, double factor = 1) {
  std::vector<double> result;
  std::uint32_t first = 0;
  const Layout parameters = layout();
  for (const auto& entry : parameters.entries()) {
    const auto size = static_cast<std::uint32_t>(entry.where.rows * entry.where.cols);
    Slow p{{},
           std::vector<double>(size),
           std::vector<double>(size),
           std::pow(layer_decay, 2 - entry.traits.depth),
           entry.traits.decays ? 1.0 : 0.0};
    for (std::uint32_t i = 0; i < size; ++i) p.x.push_back(draw(0, first + i));
    for (int t = 1; t <= steps && entry.traits.trained; ++t) {
      std::vector<double> g;
      for (std::uint32_t i = 0; i < size; ++i)
        g.push_back(factor * draw(static_cast<std::uint32_t>(t), first + i));
      step(p, g, rate * t * p.rate_scale, decay * p.decays, t);
    }
    result.insert(result.end(), p.x.begin(), p.x.end());
    first += size;
  }
  return result;
}

void adamw(Slow& p, const std::vector<double>& g, double lr, double wd, int t) {
  for (std::size_t i = 0; i < g.size(); ++i) {
    p.m[i] = 0.9 * p.m[i] + 0.1 * g[i];
    p.v[i] = 0.95 * p.v[i] + 0.05 * g[i] * g[i];
    const double m = p.m[i] / (1 - std::pow(0.9, t)), v = p.v[i] / (1 - std::pow(0.95, t));
    p.x[i] -= lr * wd * p.x[i] + lr * m / (std::sqrt(v) + 1e-8);
  }
}
void sgd(Slow& p, const std::vector<double>& g, double lr, double wd, int) {
  for (std::size_t i = 0; i < g.size(); ++i) {
    p.m[i] = 0.9 * p.m[i] + g[i] + wd * p.x[i];
    p.x[i] -= lr * p.m[i];
  }
}
void nesterov(Slow& p, const std::vector<double>& g, double lr, double wd, int) {
  for (std::size_t i = 0; i < g.size(); ++i) {
    const double d = g[i] + wd * p.x[i];
    p.m[i] = 0.9 * p.m[i] + d;
    p.x[i] -= lr * (d + 0.9 * p.m[i]);
  }
}
void plain(Slow& p, const std::vector<double>& g, double lr, double wd, int) {
  for (std::size_t i = 0; i < g.size(); ++i) p.x[i] -= lr * (g[i] + wd * p.x[i]);
}
void lars(Slow& p, const std::vector<double>& g, double lr, double wd, int) {
  double xx = 0, dd = 0;
  for (std::size_t i = 0; i < g.size(); ++i) {
    xx += p.x[i] * p.x[i];
    dd += (g[i] + wd * p.x[i]) * (g[i] + wd * p.x[i]);
  }
  const double trust = p.decays > 0 ? 0.02 * std::sqrt(xx) / std::sqrt(dd) : 1;
  for (std::size_t i = 0; i < g.size(); ++i) {
    p.m[i] = 0.9 * p.m[i] + trust * (g[i] + wd * p.x[i]);
    p.x[i] -= lr * p.m[i];
  }
}

constexpr optim::ParameterGroups groups{.layer_decay = layer_decay};

double difference(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(a[i] - b[i]));
  return worst;
}

template <class Recipe>
void check(const Recipe& recipe, SlowStep step) {
  for (const double factor : {1.0, 0.3}) {
    const auto expected = written_out(step, factor);
    CHECK(difference(shipped<Double>(recipe, factor), expected) < 1e-13);
    CHECK(difference(shipped<cpu::Device>(recipe, factor), expected) < 2e-6);
    CHECK(difference(shipped<CheckedDevice<bf16>>(recipe, factor), expected) < 2e-6);
  }
  std::vector<double> initial;
  for (std::uint32_t i = 0; i < written_out(step).size(); ++i) initial.push_back(draw(0, i));
  CHECK(shipped<Double>(recipe, 0) == initial);
}

}  // namespace

TEST_CASE("five steps are as written out") {
  check(optim::AdamW{.groups = groups}, adamw);
  check(optim::Sgd{.groups = groups}, sgd);
  check(optim::Sgd{.nesterov = true, .groups = groups}, nesterov);
  check(optim::Sgd{.momentum = 0, .groups = groups}, plain);
  check(optim::Lars{.trust = 0.02, .groups = groups}, lars);
  check(optim::Shipped{optim::Lars{.trust = 0.02, .groups = groups}}, lars);
  check(optim::make("sgd", {.nesterov = true, .groups = groups}), nesterov);
  check(optim::make("adamw", {.groups = groups}), adamw);
}

TEST_CASE("as torch.optim 2.15 in double: three steps of rate 0.01 t, decay 0.1 of the weight") {
  const std::array<std::pair<optim::Shipped, std::array<double, 9>>, 4> expected{{
      {optim::AdamW{},
       {0.5536001479853206, -1.2999013334570664, 0.685744582843161, 2.008928814567041,
        -0.1836848848668809, 1.5476111419853205, 0.3100091514803299, -0.442504992693952,
        0.9405563258006839}},
      {optim::Sgd{},
       {0.5285929444999999, -1.2633675, 0.646256158, 1.9769493205, -0.18516953425, 1.5156820385,
        0.32941875, -0.48523125, 0.9501187499999999}},
      {optim::Sgd{.nesterov = true},
       {0.5351358855005, -1.272010425, 0.604905213922, 1.9648019648844999, -0.21075054055825002,
        1.5175524053465002, 0.36022687500000006, -0.477958125, 0.9338568749999999}},
      {optim::Sgd{.momentum = 0},
       {0.5094717695, -1.2599924999999998, 0.698084458, 1.9855157454999999, -0.15670264674999998,
        1.5034827635, 0.28875, -0.49125, 0.97875}},
  }};
  const std::array<double, 9> initial{0.5, -1.25, 0.75, 2, -0.125, 1.5, 0.25, -0.5, 1};
  Layout parameters;
  const Parameter weight = Path{parameters}.matrix("weight", 2, 3, {.decays = true}),
                  bias = Path{parameters}.vector("bias", 3, {});
  const auto place = [&](int i) { return i < 6 ? weight.offset + i : bias.offset + i - 6; };
  for (const auto& [recipe, after] : expected) {
    Double device;
    Store<Double> store{parameters.size()};
    for (int i = 0; i < 9; ++i)
      store.values.wide().data[place(i)] = initial[static_cast<std::size_t>(i)];
    optim::Shipped::State<Double> state{device, recipe, parameters};
    for (int t = 1; t <= 3; ++t) {
      for (int i = 0; i < 9; ++i)
        store.gradients.data()[place(i)] =
            i < 6 ? (i * 7 % 5 - 2) * 0.25 + 0.125 * t : (i - 7) * 0.5 - 0.0625 * t;
      const ops::StepScalars step{
          .learning_rate = 0.01 * t, .weight_decay = 0.1, .count = static_cast<double>(t)};
      state.update(device, store.values, store.gradients.view(), &step, nullptr);
    }
    for (int i = 0; i < 9; ++i)
      CHECK(store.values.wide().data[place(i)] ==
            doctest::Approx(after[static_cast<std::size_t>(i)]).epsilon(1e-14));
  }
}

TEST_CASE("a step whose gradient is not finite changes neither values nor state") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  const Layout parameters = layout();
  for (const optim::Shipped& recipe :
       {optim::make("adamw"), optim::make("sgd"), optim::make("lars")}) {
    Double device;
    Store<Double> store{parameters.size()};
    optim::Shipped::State<Double> state{device, recipe, parameters};
    const ops::StepScalars step{.learning_rate = 0.1, .weight_decay = 0.1};
    std::fill_n(store.values.wide().data, parameters.size(), 1.0);
    std::fill_n(store.gradients.data(), parameters.size(), 0.5);
    state.update(device, store.values, store.gradients.view(), &step, nullptr);
    std::vector<std::vector<double>> before;
    const auto all = [&] {
      std::vector<StateBuffer<Double>> result = state.buffers();
      result.push_back({"values", store.values.wide()});
      return result;
    };
    for (const auto& [name, x] : all()) before.emplace_back(x.data, x.data + x.size());
    CHECK(before.size() >= 2);
    CHECK(before.back()[0] < 1);

    std::fill_n(store.gradients.data(), parameters.size(), nan);
    ops::StepOutcome outcome{.loss = 1, .squared_gradient_norm = nan};
    ops::run(device, ops::DecideFactor{.outcome = &outcome});
    state.update(device, store.values, store.gradients.view(), &step, &outcome.gradient_factor);
    std::size_t i = 0;
    for (const StateBuffer<Double>& now : all()) {
      CAPTURE(now.name);
      CHECK(std::equal(now.values.data, now.values.data + now.values.size(), before[i++].begin()));
    }
  }
}

TEST_CASE("the factor clips as clip_grad_norm_ does, and is 0 where a step is not finite") {
  constexpr double inf = std::numeric_limits<double>::infinity();
  Double device;
  const auto factor = [&](double clip, double loss, double norm) {
    ops::StepOutcome outcome{loss, norm * norm, 7};
    ops::run(device, ops::DecideFactor{clip, &outcome});
    return outcome.gradient_factor;
  };
  // torch 2.15: gradients of norm 0.91856, the first of which is -0.375, clipped to 0.5
  CHECK(-0.375 * factor(0.5, 1, 0.9185586535436918) ==
        doctest::Approx(-0.2041239230099512).epsilon(1e-14));
  CHECK(factor(1, 1, 0.5) == 1);
  CHECK(factor(0, 1, 1e9) == 1);
  CHECK(factor(1, 1, 0) == 1);
  for (const double clip : {0.0, 1.0}) {
    CHECK(factor(clip, inf, 1) == 0);
    CHECK(factor(clip, std::nan(""), 1) == 0);
    CHECK(factor(clip, 1, inf) == 0);
    CHECK(factor(clip, 1, std::nan("")) == 0);
  }
}

TEST_CASE("the same bits whatever the threads") {
  using One = cpu::TeamDevice<fp32, cpu::EigenProducts, cpu::OneThread>;
  const auto run = [](auto device, const optim::Shipped& recipe) {
    using Device = decltype(device);
    Layout parameters;
    Path{parameters}.matrix("weight", 300, 257, {.decays = true});
    Store<Device> store{parameters.size()};
    for (Index i = 0; i < 300 * 257; ++i) {
      store.values.wide().data[i] = static_cast<float>(draw(0, static_cast<std::uint32_t>(i)));
      store.gradients.data()[i] = static_cast<float>(draw(1, static_cast<std::uint32_t>(i)));
    }
    optim::Shipped::State<Device> state{device, recipe, parameters};
    const ops::StepScalars step{.learning_rate = 0.1, .weight_decay = 0.1};
    state.update(device, store.values, store.gradients.view(), &step, nullptr);
    const auto* first = store.values.wide().data;
    return std::vector<float>(first, first + parameters.size());
  };
  for (const char* name : {"adamw", "sgd", "lars"}) {
    const optim::Shipped recipe = optim::make(name);
    CHECK(run(One{}, recipe) == run(cpu::Device{}, recipe));
  }
}

TEST_CASE("an unknown name lists the known") {
  CHECK_THROWS_WITH_AS(optim::make("adam"), "optimiser: expected adamw, sgd or lars, found adam",
                       Error);
}
