// SPDX-License-Identifier: MIT
// A run that can be killed at any moment: its whole state in one file, written now and then and at
// the end, and read again when the run is started anew.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "extrema/device/download.hpp"
#include "extrema/io/checkpoint.hpp"
#include "extrema/train/description.hpp"
#include "extrema/train/record.hpp"
#include "extrema/train/weights.hpp"

namespace extrema::train {

/// A callback of fit(). In `folder`: checkpoint.safetensors (all that a run needs to go on), and
/// student.safetensors and teacher.safetensors (each loads alone).
class Checkpoints {
 public:
  struct Options {
    std::string folder;
    int every_epochs =
        1;  // a checkpoint after every so many epochs; 0: only by time and at the end
    double every_minutes = 15;  // and when the last one is older; 0: only by epochs
    std::string resume =
        {};              // a checkpoint to go on from; empty: the folder's own, if there is one
    bool fresh = false;  // ignore the folder's own
  };

  explicit Checkpoints(Options options) : options_{std::move(options)} {}
  explicit Checkpoints(std::string folder) : Checkpoints{Options{.folder = std::move(folder)}} {}

  std::string path() const { return options_.folder + "/checkpoint.safetensors"; }
  /// Where the run went on from; empty where it began anew.
  const std::string& resumed() const { return resumed_; }

  void restore(auto& run) {
    std::error_code ignored;
    if (!options_.resume.empty()) load(run, options_.resume);
    else if (!options_.fresh && std::filesystem::exists(path(), ignored)) load(run, path());
  }

  void begin(auto&) {
    std::error_code error;
    std::filesystem::create_directories(options_.folder, error);
    if (error) throw Error{options_.folder, ": cannot be made: ", error.message()};
    last_ = Clock::now();
  }

  /// Last of all, so that nothing of this step is missing in what other callbacks have written.
  void save(auto& run, const StepRecord& record) {
    const bool epoch_ends = run.step() % run.steps_per_epoch() == 0;
    const std::chrono::duration<double, std::ratio<60>> age = Clock::now() - last_;
    const bool due = (options_.every_epochs > 0 && epoch_ends &&
                      (record.epoch + 1) % options_.every_epochs == 0) ||
                     (options_.every_minutes > 0 && age.count() >= options_.every_minutes);
    if (due || run.finished() || run.stopping()) write(run);
  }

  void write(auto& run) {
    auto& trainer = run.trainer();
    std::map<std::string, std::vector<Value<decltype(trainer)>>> host;
    std::vector<io::TensorSource> tensors;
    for (const auto& [name, values] : trainer.buffers()) {
      const auto& copy = host[name] = download(trainer.device(), reading(values));
      for (const ParameterEntry& entry : trainer.layout().entries())
        if (entry.where.offset + entry.size() <= std::ssize(copy))
          tensors.push_back(io::source(text(name, "/", entry.name), entry.shape,
                                       copy.data() + entry.where.offset));
    }
    io::write_checkpoint(path(), tensors,
                         {{"step", run.step()},
                          {"epoch", run.epoch()},
                          {"run", describe_run(run)},
                          {"memory", run.memory()}});
    const eval::EncoderDescription encoder = describe_encoder(run);
    for (const char* branch : {"student", "teacher"})
      write_weights(text(options_.folder, "/", branch, ".safetensors"), trainer.layout(),
                    host.at(branch), encoder);
    last_ = Clock::now();
  }

 private:
  using Clock = std::chrono::steady_clock;
  template <class Trainer>
  using Value =
      std::remove_pointer_t<decltype(std::declval<Trainer>().buffers().front().values.data)>;

  void load(auto& run, const std::string& from) {
    const io::Checkpoint checkpoint{from};
    auto& trainer = run.trainer();
    require_same(from, checkpoint.state().at("run"), describe_run(run));
    std::map<std::string, std::vector<Value<decltype(trainer)>>> host;
    std::vector<io::TensorTarget> targets;
    for (const auto& [name, values] : trainer.buffers()) {
      auto& copy = host[name] =
          std::vector<Value<decltype(trainer)>>(static_cast<std::size_t>(values.size()));
      for (const ParameterEntry& entry : trainer.layout().entries())
        if (entry.where.offset + entry.size() <= std::ssize(copy))
          targets.push_back(io::target(text(name, "/", entry.name), entry.shape,
                                       copy.data() + entry.where.offset));
    }
    io::load_matching(checkpoint.file(), targets);
    for (const auto& [name, values] : trainer.buffers()) {
      const auto uploaded = upload(trainer.device(), host.at(name));
      ops::run(trainer.device(), ops::Copy<Value<decltype(trainer)>>{uploaded.view(), values});
      trainer.device().synchronise();
    }
    trainer.restore(checkpoint.state().at("step").template get<Index>());
    checkpoint.state().at("memory").get_to(run.memory());
    resumed_ = from;
  }

  /// One sentence with the first difference.
  static void require_same(const std::string& file, const nlohmann::json& theirs,
                           const nlohmann::json& ours) {
    for (const auto& [name, value] : ours.items()) {
      if (name == "encoder")
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
  std::string resumed_;
  Clock::time_point last_ = Clock::now();
};

}  // namespace extrema::train
