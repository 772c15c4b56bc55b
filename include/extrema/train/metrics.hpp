// SPDX-License-Identifier: MIT
// The numbers of a run: metrics.jsonl, one object a line, and an event file for TensorBoard.
#pragma once

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "extrema/io/folders.hpp"
#include "extrema/io/json_lines.hpp"
#include "extrema/io/tensorboard.hpp"
#include "extrema/train/record.hpp"
#include "extrema/train/set_aside.hpp"

namespace extrema::train {

/// Lines of "kind" "step" (every `every` steps), "epoch" (the means of its steps), and kinds of
/// one's own. What differs from run to run stands under "time", and nowhere else. Numbers are
/// written so that they read back exactly; those that are not finite are null.
class Metrics {
 public:
  struct Options {
    std::string folder;
    Index every = 10;         // steps; 0: no lines of steps
    bool tensorboard = true;  // an event file too
    bool fresh = false;       // what is there is set aside in replaced-1, ...; else it is cut
  };
  using Json = nlohmann::ordered_json;

  /// As a callback of fit(), which opens the files.
  explicit Metrics(Options options) : options_{std::move(options)} {}
  Metrics(Options options, Index last_step) : Metrics{std::move(options)} { open(last_step); }

  /// Goes on after `last_step`, the step of the checkpoint that a run resumes: later lines are cut.
  /// 0 begins anew.
  void open(Index last_step) {
    lines_.emplace(options_.folder + "/metrics.jsonl", last_step);
    if (options_.tensorboard) events_.emplace(options_.folder, last_step);
  }

  void begin(auto& run) {
    io::make_folders(options_.folder);
    if (options_.fresh)
      set_aside(options_.folder, [](std::string_view name) {
        return name == "metrics.jsonl" || io::EventFile::is_one(name);
      });
    const auto found = run.memory().find("metrics");
    if (found != run.memory().end()) set_state(nlohmann::json::parse(found->second));
    open(run.step() - (pending_.empty() ? 0 : 1));  // some of them may stand there
    flush();
  }

  /// The run remembers lines before they are written: where that fails, one that is saved without
  /// them and goes on has them all the same.
  void record(auto& run, const StepRecord& record) {
    note_step(record);
    if (run.step() % run.steps_per_epoch() == 0) note_epoch(record, record.extra);
    else if (!record.extra.empty()) note("probe", record, record.extra);
    std::string& memory = run.memory()["metrics"];
    memory = state().dump();
    if (pending_.empty()) return;
    flush();
    memory = state().dump();
  }

  void add_step(const StepRecord& record) {
    note_step(record);
    flush();
  }
  /// After an epoch's last step, whose record is given, with what was evaluated.
  void add_epoch(const StepRecord& last, std::span<const NamedValue> values = {}) {
    note_epoch(last, values);
    flush();
  }
  /// Values of another kind: values("knn", record, {{{"knn_accuracy", 0.81}}}).
  void values(const std::string& kind, const StepRecord& at, std::span<const NamedValue> values) {
    note(kind, at, values);
    flush();
  }

  /// The unfinished epoch's means, and lines that could not be written: for the checkpoint of a run
  /// that may resume within an epoch.
  nlohmann::json state() const {
    std::vector<std::string> lines;
    for (const Json& line : pending_) lines.push_back(line.dump());
    return {{"steps", means_.steps},
            {"loss", means_.loss},
            {"gradient_norm", means_.gradient_norm},
            {"gradient_norms", means_.gradient_norms},
            {"seconds", means_.seconds},
            {"images", means_.images},
            {"unwritten", lines}};
  }
  void set_state(const nlohmann::json& state) {
    const Index steps = state.at("steps");
    means_ = {steps,
              state.value("gradient_norms", steps),  // older checkpoints counted steps alone
              state.at("loss"),
              state.at("gradient_norm"),
              state.at("seconds"),
              state.at("images")};
    pending_.clear();
    for (const std::string line : state.value("unwritten", nlohmann::json::array()))
      pending_.push_back(Json::parse(line));
  }

 private:
  struct Sums {
    Index steps = 0, gradient_norms = 0;  // those that were finite: a loss scale may be too large
    double loss = 0, gradient_norm = 0, seconds = 0, images = 0;
  };

  static Json line_of(const std::string& kind, const StepRecord& record) {
    return {{"kind", kind}, {"step", record.step}, {"epoch", record.progress}};
  }
  static Json time_of(double seconds, double images_per_second) {
    return {{"seconds", seconds}, {"images_per_second", images_per_second}};
  }

  void note_step(const StepRecord& record) {
    ++means_.steps;
    means_.loss += record.loss;
    if (std::isfinite(record.gradient_norm)) {
      means_.gradient_norm += record.gradient_norm;
      ++means_.gradient_norms;
    }
    means_.seconds += record.seconds;
    means_.images += static_cast<double>(record.batch);
    if (!due(options_.every, record.step)) return;
    Json line = line_of("step", record);
    line["loss"] = record.loss;
    line["gradient_norm"] = record.gradient_norm;
    line["learning_rate"] = record.learning_rate;
    line["weight_decay"] = record.weight_decay;
    line["momentum"] = record.momentum;
    line["time"] = time_of(record.seconds, record.images_per_second);
    pending_.push_back(std::move(line));
  }

  void note_epoch(const StepRecord& last, std::span<const NamedValue> values) {
    const double steps = static_cast<double>(std::max<Index>(means_.steps, 1));
    Json line = line_of("epoch", last);
    line["loss"] = means_.loss / steps;
    line["gradient_norm"] =
        means_.gradient_norm / static_cast<double>(std::max<Index>(means_.gradient_norms, 1));
    for (const auto& [name, value] : values) line[name] = value;
    line["time"] = time_of(means_.seconds, means_.images / std::max(means_.seconds, 1e-9));
    pending_.push_back(std::move(line));
    means_ = {};
  }

  void note(const std::string& kind, const StepRecord& at, std::span<const NamedValue> values) {
    Json line = line_of(kind, at);
    for (const auto& [name, value] : values) line[name] = value;
    pending_.push_back(std::move(line));
  }

  void flush() {
    for (const Json& line : pending_) {
      lines_->write(line);
      if (events_) write_events(line);
    }
    pending_.clear();
  }

  void write_events(const Json& line) {
    const std::string group = line["kind"].get<std::string>() + "/";
    const auto step = line["step"].get<Index>();
    for (const auto& [name, value] : line.items())
      if (value.is_number_float() && name != "epoch") events_->scalar(group + name, step, value);
    if (line.contains("time"))
      events_->scalar(group + "images_per_second", step, line["time"]["images_per_second"]);
  }

  Options options_;
  std::optional<io::JsonLines> lines_;
  std::optional<io::EventFile> events_;
  Sums means_;
  std::vector<Json> pending_;  // lines that are not written yet
};

}  // namespace extrema::train
