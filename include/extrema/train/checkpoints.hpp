// SPDX-License-Identifier: MIT
// A run that can be killed at any moment: its whole state in one file, written now and then and at
// the end, and read again when the run is started anew.
#pragma once

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "extrema/device/download.hpp"
#include "extrema/io/checkpoint.hpp"
#include "extrema/io/folders.hpp"
#include "extrema/train/description.hpp"
#include "extrema/train/record.hpp"
#include "extrema/train/set_aside.hpp"
#include "extrema/train/weights.hpp"

namespace extrema::train {

namespace detail {

/// A buffer as the host reads it: its own memory where that is the host's, else a copy.
template <class Device>
class OnHost {
  using W = Wide<Device>;

 public:
  OnHost(Device& device, Matrix<W> values) : values_{reading(values)} {
    if constexpr (!std::is_same_v<typename Device::Memory, HostMemory>) {
      copy_ = download(device, values_);
      values_.data = copy_.data();
    }
  }
  OnHost(OnHost&&) = default;
  Matrix<const W> values() const { return values_; }

 private:
  std::vector<W> copy_;
  Matrix<const W> values_;
};

/// A tensor of a file, and where in a buffer it begins.
struct Part {
  std::string name;
  std::vector<Index> shape;
  Index begin = 0;
};

/// A buffer's parameters, or the whole where it is not of the layout, as a loss's centre.
template <class Trainer, class Buffer>
std::vector<Part> parts(const Trainer& trainer, const Buffer& buffer) {
  const Index size = buffer.values.size();
  if (size != trainer.layout().size() && size != trainer.method().encoder_size())
    return {{buffer.name, {size}, 0}};
  std::vector<Part> result;
  for (const ParameterEntry& entry : trainer.layout().entries())
    if (holds(size, entry))
      result.push_back({text(buffer.name, "/", entry.name), entry.shape, entry.where.offset});
  return result;
}

}  // namespace detail

/// A callback of fit(). In `folder`: checkpoint.safetensors (all that a run needs to go on), and
/// student.safetensors and teacher.safetensors (each loads alone).
class Checkpoints {
 public:
  struct Options {
    std::string folder;
    int every_epochs = 1;       // 0: only by time and at the end
    double every_minutes = 15;  // when the last one is older; 0: only by epochs
    std::string resume = {};    // a checkpoint to go on from; empty: the folder's own, if any
    bool fresh = false;         // begin anew: what is there is set aside in replaced-1, ...
    Identity method = {};       // more that must be the same for a run to go on, by name: "mask",
                                // "loss" and "optimiser" stand for what their types tell otherwise
    Identity recipe = {};       // more that may be changed, and is named where it is
  };

  explicit Checkpoints(Options options) : options_{std::move(options)} {}

  std::string path() const { return options_.folder + "/checkpoint.safetensors"; }
  /// Where the run went on from; empty where it began anew.
  const std::string& resumed() const { return resumed_; }
  /// What the recipe has otherwise than the checkpoint's: "epochs 20 (was 10)", ...
  const std::vector<std::string>& changes() const { return changes_; }
  /// Where what the folder held was set aside; empty where nothing was.
  const std::string& replaced() const { return replaced_; }

  /// Throws Error, before anything is written, where the checkpoint is of another method or model,
  /// and where the folder's own is ahead of the one to resume.
  void restore(auto& run) {
    std::error_code ignored;
    const bool own = !options_.fresh && std::filesystem::exists(path(), ignored);
    if (!options_.resume.empty()) {
      if (own) require_not_behind(options_.resume);
      load(run, options_.resume);
    } else if (own) {
      load(run, path());
    }
  }

  /// Where nothing is left to train, the files are written that a kill may have left out.
  void begin(auto& run) {
    io::make_folders(options_.folder);
    if (makes_way()) replaced_ = set_aside(options_.folder, is_of_run);
    last_ = Clock::now();
    if (!run.finished()) return;
    if (resumed_ == path()) write_encoders(run, on_host(run.trainer()));
    else write(run);
  }

  /// Last of all, so that nothing of this step is missing in what other callbacks have written.
  void save(auto& run, const StepRecord& record) {
    const bool epoch_ends = run.step() % run.steps_per_epoch() == 0;
    const std::chrono::duration<double, std::ratio<60>> age = Clock::now() - last_;
    const bool wanted = (epoch_ends && due(options_.every_epochs, record.epoch + 1)) ||
                        (options_.every_minutes > 0 && age.count() >= options_.every_minutes);
    if (wanted || run.finished() || run.stopping()) write(run);
  }

  void write(auto& run) {
    auto& trainer = run.trainer();
    const auto copies = on_host(trainer);
    std::vector<io::TensorSource> tensors;
    for (std::size_t i = 0; const auto& buffer : trainer.buffers()) {
      const auto* values = copies[i++].values().data;
      for (const detail::Part& part : detail::parts(trainer, buffer))
        tensors.push_back(io::source(part.name, part.shape, values + part.begin));
    }
    io::write_checkpoint(path(), tensors,
                         {{"step", run.step()},
                          {"updates", trainer.updates()},
                          {"epoch", run.epoch()},
                          {"run", describe_run(run, options_.method)},
                          {"recipe", describe_recipe(run, options_.recipe)},
                          {"memory", run.memory()}});
    write_encoders(run, copies);
    last_ = Clock::now();
  }

 private:
  using Clock = std::chrono::steady_clock;

  /// "student", "teacher", and more.
  template <class Trainer>
  static auto on_host(Trainer& trainer) {
    using Device = std::remove_reference_t<decltype(trainer.device())>;
    std::vector<detail::OnHost<Device>> result;
    for (const auto& buffer : trainer.buffers())
      result.emplace_back(trainer.device(), buffer.values);
    return result;
  }

  void write_encoders(auto& run, const auto& copies) const {
    const eval::EncoderDescription encoder = describe_encoder(run);
    const Layout& layout = run.trainer().layout();
    write_weights(options_.folder + "/student.safetensors", layout, copies[0].values(), encoder);
    write_weights(options_.folder + "/teacher.safetensors", layout, copies[1].values(), encoder);
  }

  void load(auto& run, const std::string& from) {
    const io::Checkpoint checkpoint{from};
    auto& trainer = run.trainer();
    using W = Wide<std::remove_reference_t<decltype(trainer.device())>>;
    require_same(from, checkpoint.state().at("run"), describe_run(run, options_.method));
    compare(checkpoint.state().value("recipe", nlohmann::json::object()),
            describe_recipe(run, options_.recipe));
    const auto buffers = trainer.buffers();
    std::vector<std::vector<W>> host;
    std::vector<io::TensorTarget> targets;
    for (const auto& buffer : buffers) {
      auto& values = host.emplace_back(static_cast<std::size_t>(buffer.values.size()));
      for (const detail::Part& part : detail::parts(trainer, buffer))
        targets.push_back(io::target(part.name, part.shape, values.data() + part.begin));
    }
    io::load_matching(checkpoint.file(), targets);
    for (std::size_t i = 0; i < buffers.size(); ++i)
      detail::overwrite(trainer.device(), host[i], buffers[i].values);
    const auto step = checkpoint.state().at("step").template get<Index>();
    trainer.restore(step, checkpoint.state().value("updates", step));
    checkpoint.state().at("memory").get_to(run.memory());
    resumed_ = from;
  }

  void require_not_behind(const std::string& other) const {
    std::error_code ignored;
    if (std::filesystem::equivalent(other, path(), ignored)) return;
    const auto step = [](const std::string& file) {
      return io::Checkpoint{file}.state().at("step").get<Index>();
    };
    const Index theirs = step(other), own = step(path());
    if (own > theirs)
      throw Error{other,  ": is at step ",
                  theirs, ", but ",
                  path(), ", which it would replace, is at step ",
                  own,    ": leave resume out to go on from there, or add fresh to overwrite it"};
  }

  static bool is_of_run(std::string_view name) {
    const auto names = {"checkpoint.safetensors", "student.safetensors", "teacher.safetensors",
                        "config.ini"};
    return std::ranges::find(names, name) != names.end();
  }
  /// A run that begins anew and is killed before it saves must not go on from another's, and
  /// weights that no checkpoint can bring back are not written over.
  bool makes_way() const {
    const auto exists = [&](const char* name) {
      std::error_code ignored;
      return std::filesystem::exists(options_.folder + name, ignored);
    };
    std::error_code ignored;
    if (!resumed_.empty() && std::filesystem::equivalent(resumed_, path(), ignored)) return false;
    return options_.fresh || (!exists("/checkpoint.safetensors") &&
                              (exists("/student.safetensors") || exists("/teacher.safetensors")));
  }

  void compare(const nlohmann::json& theirs, const nlohmann::json& ours) {
    changes_.clear();
    for (const auto& [name, value] : ours.items())
      if (theirs.contains(name) && theirs.at(name) != value)
        changes_.push_back(text(name, " ", value.dump(), " (was ", theirs.at(name).dump(), ")"));
  }

  /// One sentence with the first difference.
  static void require_same(const std::string& file, const nlohmann::json& theirs,
                           const nlohmann::json& ours) {
    for (const auto& [name, value] : ours.items()) {
      if (value.is_object())
        require_same(file, theirs.value(name, nlohmann::json::object()), value);
      else if (!theirs.contains(name) || theirs.at(name) != value)
        throw Error{file,
                    ": is of a run with ",
                    name,
                    " ",
                    theirs.value(name, nlohmann::json{}).dump(),
                    ", this one has ",
                    value.dump(),
                    ": run with the same, or into another output folder"};
    }
  }

  Options options_;
  std::string resumed_, replaced_;
  std::vector<std::string> changes_;
  Clock::time_point last_ = Clock::now();
};

}  // namespace extrema::train
