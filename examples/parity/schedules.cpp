// SPDX-License-Identifier: MIT
// Learning rate, momentum and weight decay over epochs; fine-tuning's over iterations.
#include "cases.hpp"
#include "extrema/optim/schedule.hpp"

namespace parity {

namespace {

using namespace extrema;

constexpr Tolerance exact{"schedules, relative", 1e-12},
    rounded{"schedules rounded to float, relative", 0x1p-23};

/// A number of the settings, or a default where it is missing or null.
double number(const nlohmann::json& settings, const char* name, double otherwise) {
  const auto found = settings.find(name);
  return found == settings.end() || found->is_null() ? otherwise : found->get<double>();
}

std::vector<double> over_iterations(const nlohmann::json& settings) {
  const Index per_epoch = settings.at("niter_per_ep"), epochs = settings.at("epochs");
  const optim::IterationCosine schedule{
      .peak = settings.at("base"),
      .floor = settings.at("final"),
      .warmup =
          static_cast<Index>(number(settings, "warmup_epochs", 0) * static_cast<double>(per_epoch)),
      .iterations = epochs * per_epoch};
  std::vector<double> result;
  for (Index i = 0; i < schedule.iterations; ++i) result.push_back(schedule(i));
  return result;
}

double at(const std::string& name, const nlohmann::json& settings, double epoch) {
  const double epochs = settings.at("epochs");
  if (name.starts_with("lr."))
    return optim::WarmupCosine{.peak = settings.at("lr"),
                               .floor = number(settings, "min_lr", 0),
                               .warmup = settings.at("warmup_epochs"),
                               .epochs = epochs}(epoch);
  if (name.starts_with("ema."))
    return optim::MomentumCosine{.begin = settings.at("ema_momentum"), .epochs = epochs}(epoch);
  if (name.starts_with("wd.")) {
    const double decay = settings.at("weight_decay");
    return optim::CosineDecay{.begin = decay,
                              .end = number(settings, "weight_decay_end", decay),
                              .epochs = epochs}(epoch);
  }
  throw Error{"settings: ", name, " is no lr, ema or wd"};
}

void compare(Report& report, const std::string& name, const std::vector<double>& found) {
  const auto expected = report.expected("out64/" + name, found.size());
  double off = 0;
  for (std::size_t i = 0; i < found.size(); ++i)
    off = worse(Report::relative_difference(found[i], expected[i]), off);
  report.add(exact, "out64/" + name, off);
  if (!report.reference.has("out/" + name)) return;
  const auto floats = report.expected("out/" + name, found.size());
  off = 0;
  for (std::size_t i = 0; i < found.size(); ++i)
    off = worse(Report::relative_difference(static_cast<float>(found[i]), floats[i]), off);
  report.add(rounded, "out/" + name, off);
}

}  // namespace

void schedules(Report& report, const Settings&) {
  const Reference& reference = report.reference;
  const auto all = reference.json("settings");
  for (const auto& [name, settings] : all.items()) {
    if (settings.contains("niter_per_ep")) {
      compare(report, name, over_iterations(settings));
      continue;
    }
    const bool probe = name.find("linprobe") != name.npos;
    std::vector<double> found;
    for (const double epoch : reference.values(probe ? "out64/linprobe_epoch" : "out64/epoch"))
      found.push_back(at(name, settings, epoch));
    compare(report, name, found);
  }
  for (const char* name : {"epoch", "linprobe_epoch"})  // times, not results
    if (reference.has(text("out/", name))) reference.values(text("out/", name));
}

}  // namespace parity
