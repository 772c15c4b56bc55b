// SPDX-License-Identifier: MIT
// The whole method: steps of student, teacher and optimiser, with either loss.
#pragma once

#include <optional>

#include "extrema/device/download.hpp"
#include "extrema/loss/catalogue.hpp"
#include "extrema/mask/disjoint.hpp"
#include "extrema/optim/adamw.hpp"
#include "extrema/optim/schedule.hpp"
#include "extrema/train/trainer.hpp"
#include "model.hpp"

namespace parity::of_step {

inline constexpr Tolerance scheduled{"learning rate, weight decay and momentum, relative", 1e-12},
    groups{"parameters in another decay group", 0},
    most_parameters{"parameters but 1 in 1000 of each, of largest", 3e-6},
    // where a gradient is nearly zero AdamW's first steps magnify rounding
    all_parameters{"parameters, all, of the steps' rates", 1. / 5},
    key_biases{"key biases, of the steps' rates", 1}, teachers{"teacher, of largest", 3e-6};

using Method = siamese::Extrema<nn::Vit<nn::dynamic>, mask::Disjoint, loss::Shipped>;
template <class Device>
using Trainer = train::Trainer<Method, optim::AdamW, Device>;

/// A step's numbers: from the schedules that training follows, or plain ones from the file.
class Schedule {
 public:
  explicit Schedule(const Reference& reference) {
    if (reference.has_entry("hyper")) hyper_ = reference.json("hyper");
    if (reference.has_entry("schedule")) steps_ = reference.json("schedule");
    momentum_ = reference.json("config").value("ema_momentum", 1.0);
  }

  optim::AdamW optimizer() const {
    if (!hyper_) return {};
    return {.beta1 = hyper_->at("opt_betas")[0],
            .beta2 = hyper_->at("opt_betas")[1],
            .epsilon = hyper_->at("eps")};
  }
  double clip() const {
    if (!hyper_ || !hyper_->contains("clip_grad")) return 0;
    const auto& clip = hyper_->at("clip_grad");
    return clip.is_null() ? 0 : clip.get<double>();
  }

  /// Step 1 is the first. Where the file says what they are, they are compared.
  ops::StepScalars operator()(Report& report, std::size_t step) const {
    if (!hyper_ || !steps_) return {.ema_momentum = momentum_};
    const auto& now = steps_->at(step - 1);
    const double epoch = now.at("epoch"), epochs = hyper_->at("epochs");
    const double decay = hyper_->at("weight_decay");
    const auto& decay_end = hyper_->at("weight_decay_end");
    const bool varies = hyper_->value("adjust_weight_decay", false) && !decay_end.is_null();
    const optim::WarmupCosine rate{.peak = hyper_->at("lr"),
                                   .floor = hyper_->at("min_lr"),
                                   .warmup = hyper_->at("warmup_epochs"),
                                   .epochs = epochs};
    const optim::MomentumCosine momentum{.begin = hyper_->at("ema_momentum"), .epochs = epochs};
    const optim::CosineDecay weight_decay{
        .begin = decay, .end = varies ? decay_end.get<double>() : decay, .epochs = epochs};
    const ops::StepScalars result{.learning_rate = rate(epoch),
                                  .weight_decay = weight_decay(epoch),
                                  .ema_momentum = momentum(epoch)};
    const auto compare = [&](const char* name, double found, double expected) {
      report.add(scheduled, text("step ", step, " ", name),
                 Report::relative_difference(found, expected));
    };
    compare("lr", result.learning_rate, now.at("lr"));
    compare("ema_momentum", result.ema_momentum, now.at("ema_momentum"));
    compare("weight_decay", result.weight_decay, now.at("weight_decay").back());
    return result;
  }

 private:
  std::optional<nlohmann::json> hyper_, steps_;
  double momentum_;
};

inline loss::Shipped loss_of(const Reference& reference) {
  if (reference.kind() == "extrema_byol_step") return loss::Byol{};
  return loss::InfoNce{.temperature = reference.json("config").at("temperature")};
}

inline Method::Options method_options(const Reference& reference, ImageExtent image, int views) {
  const auto config = reference.json("config");
  if (const double rate = config.value("drop_path_rate", 0.0); rate != 0)
    throw Error{reference.path(), ": drop_path_rate is ", rate,
                ", but a file of this kind has no draws: expected 0"};
  if (const double epsilon = config.value("head_norm_eps", 1e-5); epsilon != 1e-5)
    throw Error{reference.path(), ": head_norm_eps is ", epsilon, ", the projector has 1e-5"};
  if (const int world = config.value("world_size", 1); world != 1)
    throw Error{reference.path(), ": world_size is ", world, ", expected 1"};
  return {.backbone = encoder_options(reference, "param/base_encoder.", image),
          .hidden = config.at("mlp_dim"),
          .projection = config.at("proj_dim"),
          .views = views,
          .loss = loss_of(reference)};
}

/// The decay groups that the file names, against the layout's.
inline void compare_groups(Report& report, const Layout& layout) {
  if (!report.reference.has_entry("param_groups")) return;
  int differing = 0;
  const auto named = report.reference.json("param_groups");
  for (const ParameterEntry& entry : layout.entries()) {
    std::optional<bool> decays;
    for (const auto& [name, members] : named.items())
      if (std::find(members.begin(), members.end(), entry.name) != members.end())
        decays = name.starts_with("1");
    differing +=
        decays.has_value() != entry.traits.trained || (decays && *decays != entry.traits.decays);
  }
  report.add(groups, "param_groups", differing);
}

template <class Device>
class Run {
  using W = Wide<Device>;
  static constexpr std::string_view encoder = "base_encoder.";

 public:
  Run(Device& device, Report& report)
      : device_{device},
        report_{report},
        reference_{report.reference},
        single_{reference_.has("input/x")},
        schedule_{reference_},
        trainer_{device,
                 {.method = method_options(reference_, reference_.extent(input(1, "x1")),
                                           count_masks(reference_, masks(1))),
                  .optimizer = schedule_.optimizer(),
                  .clip = schedule_.clip()}} {
    load("student", [](const std::string& name) { return "param/" + name; });
    load("teacher", [](const std::string& name) { return teacher_name("param/", name); });
    trainer_.restore(0);
    compare_groups(report_, trainer_.layout());
  }

  void operator()() {
    for (int step = 1; step == 1 || (!single_ && reference_.has(input(step, "x1"))); ++step)
      take(step);
  }

 private:
  // A file of one step has its tensors without a number.
  std::string input(int step, const char* name) const {
    return single_ ? "input/x" : text("input/step", step, ".", name);
  }
  std::string masks(int step) const { return single_ ? "" : text("step", step, "."); }
  std::string output(int step, const char* name) const {
    return single_ ? text("out/", name) : text("out/step", step, ".", name);
  }
  static std::string teacher_name(const std::string& prefix, const std::string& name) {
    if (!name.starts_with(encoder)) return {};
    return prefix + "momentum_encoder." + name.substr(encoder.size());
  }

  WideTensor<Device> buffer(std::string_view name) {
    for (const auto& buffer : trainer_.buffers())
      if (buffer.name == name) return buffer.values;
    throw Error{"the trainer has no buffer ", name};
  }

  void load(std::string_view name, const auto& name_in_file) {
    const auto to = buffer(name);
    auto values = stored_values<W>(reference_, trainer_.layout(), name_in_file);
    values.resize(static_cast<std::size_t>(to.size()));  // the teacher's are a prefix
    const auto from = upload(device_, values);
    ops::run(device_, ops::Copy<W>{from.view(), to});
  }

  void take(int step) {
    const StoredImages<Device> student{device_, reference_, input(step, "x1")},
        teacher{device_, reference_, input(step, "x2")};
    const Method& method = trainer_.method();
    const Grid grid = method.backbone().grid();
    siamese::PackedViews<Device> masked, whole;
    const Views views = masked_views(device_, masked, reference_, masks(step), grid);
    whole.fill_all(grid, no_samples(teacher.count()));
    const Views all = whole.send(device_);
    {
      const Scope scope{device_.workspace()};
      const auto prediction =
          method.forward(device_, trainer_.student(), student.images(), views).output;
      report_.of_largest(tolerance::outputs, output(step, "q1"), download(device_, prediction));
    }
    const ops::StepScalars scalars = schedule_(report_, static_cast<std::size_t>(step));
    rates_ += scalars.learning_rate;
    trainer_.step(siamese::Batch<Device>{student.images(), views, teacher.images(), all}, scalars);
    {
      const Scope scope{device_.workspace()};
      const auto target = take_wide(device_, teacher.count(), method.options().projection);
      method.target(device_, trainer_.teacher(), teacher.images(), all, target);
      report_.of_largest(tolerance::outputs, output(step, "k2"), download(device_, target));
    }
    const ops::StepOutcome outcome = trainer_.outcome();
    report_.relative(tolerance::losses, output(step, "loss"), outcome.loss);
    report_.relative(tolerance::gradient_norms, output(step, "grad_norm"),
                     std::sqrt(outcome.squared_gradient_norm));
    if (step == 1)
      compare_gradients(report_, trainer_.layout(), download(device_, trainer_.gradients()),
                        "grad/");
    compare_values(text("step", step, "/"));
  }

  /// Student and teacher after a step, as far as the file has them.
  void compare_values(const std::string& at) {
    const auto student = download(device_, buffer("student"));
    const auto teacher = download(device_, buffer("teacher"));
    for (const ParameterEntry& entry : trainer_.layout().entries()) {
      if (const auto name = at + entry.name; reference_.has(name))
        compare_parameter(name, entry, part(student, entry));
      if (const auto name = teacher_name(at, entry.name); !name.empty() && reference_.has(name))
        compare_teacher(name, entry, part(teacher, entry));
    }
  }

  void compare_parameter(const std::string& name, const ParameterEntry& entry,
                         const std::vector<W>& found) {
    const auto expected = report_.expected(name, found.size());
    auto off = differences_but_noise(name, entry, found, expected);
    if (off.empty()) return;
    std::ranges::sort(off);
    report_.add(most_parameters, name, off[(off.size() - 1) * 999 / 1000] / largest(expected));
    report_.add(all_parameters, name, in_rates(largest(off)));
  }

  void compare_teacher(const std::string& name, const ParameterEntry& entry,
                       const std::vector<W>& found) {
    const auto expected = report_.expected(name, found.size());
    const auto off = differences_but_noise(name, entry, found, expected);
    if (!off.empty()) report_.add(teachers, name, largest(off) / largest(expected));
  }

  /// The optimiser turns rounding into steps where keys are biased: these are judged here.
  std::vector<double> differences_but_noise(const std::string& name, const ParameterEntry& entry,
                                            const std::vector<W>& found,
                                            const std::vector<double>& expected) {
    const auto off = differences(found, expected);
    const KeyBias key{entry};
    if (key.count == 0 || rates_ == 0) return off;
    report_.add(key_biases, name, in_rates(largest(key.of(off))));
    return key.rest(off);
  }

  /// Relative to all that the rates so far can have moved a parameter.
  double in_rates(double difference) const { return difference == 0 ? 0 : difference / rates_; }

  Device& device_;
  Report& report_;
  const Reference& reference_;
  bool single_;
  Schedule schedule_;
  Trainer<Device> trainer_;
  double rates_ = 0;
};

template <class Device>
void compare(Device& device, Report& report) {
  Run<Device>{device, report}();
}

}  // namespace parity::of_step
