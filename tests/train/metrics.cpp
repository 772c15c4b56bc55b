// SPDX-License-Identifier: MIT
// A run that was interrupted and resumed leaves the metrics of one that was not.
#include "extrema/train/metrics.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <map>
#include <string>

#include "../io/temporary_folder.hpp"

using namespace extrema;
using namespace extrema::train;

namespace {

StepRecord record(Index step) {
  const double x = static_cast<double>(step);
  return {.step = step,
          .steps = 40,
          .epoch = (step - 1) / 20,
          .epochs = 2,
          .batch = 8,
          .progress = x / 20,
          .loss = std::sin(x),
          .gradient_norm = std::exp(-x),
          .learning_rate = 1e-3 / x,
          .weight_decay = 0.1,
          .momentum = 0.996,
          .extra = {{"effective_rank", x / 7}},
          .seconds = 0.5,
          .images_per_second = 16};
}

/// As much of a run of fit() as Metrics sees.
struct FakeRun {
  Index taken = 0;
  std::map<std::string, std::string> kept = {};

  Index step() const { return taken; }
  static Index steps_per_epoch() { return 20; }
  std::map<std::string, std::string>& memory() { return kept; }
};

void run(Metrics& metrics, Index first, Index last) {
  for (Index step = first; step <= last; ++step) {
    metrics.add_step(record(step));
    if (step % 20 == 0)
      metrics.add_epoch(record(step), std::array{NamedValue{"knn_accuracy", 0.5}});
  }
}

}  // namespace

TEST_CASE("steps and epochs become lines") {
  const TemporaryFolder folder;
  Metrics metrics{{.folder = folder.path, .every = 10}, 0};
  run(metrics, 1, 40);
  const auto lines = io::read_json_lines(folder / "metrics.jsonl");
  REQUIRE(lines.size() == 6);
  CHECK(lines[0].dump() ==
        R"({"kind":"step","step":10,"epoch":0.5,"loss":-0.5440211108893698,)"
        R"("gradient_norm":4.5399929762484854e-05,"learning_rate":0.0001,"weight_decay":0.1,)"
        R"("momentum":0.996,"time":{"seconds":0.5,"images_per_second":16.0}})");
  CHECK(lines[2]["kind"] == "epoch");
  CHECK(lines[2]["knn_accuracy"] == 0.5);
  CHECK(lines[2]["time"]["images_per_second"] == 16);
  double mean = 0;
  for (Index step = 21; step <= 40; ++step) mean += record(step).loss / 20;
  CHECK(lines[5]["loss"].get<double>() == doctest::Approx(mean).epsilon(1e-12));

  auto broken = record(50);
  broken.loss = NAN;
  metrics.add_step(broken);
  CHECK(io::read_json_lines(folder / "metrics.jsonl").back()["loss"].is_null());
}

TEST_CASE("killed after step 37, resumed from the checkpoint of step 27") {
  const TemporaryFolder straight, resumed;
  Metrics reference{{.folder = straight.path}, 0};
  run(reference, 1, 40);
  nlohmann::json checkpoint;
  {
    Metrics metrics{{.folder = resumed.path}, 0};
    run(metrics, 1, 27);
    checkpoint = nlohmann::json::parse(metrics.state().dump());
    run(metrics, 28, 37);
  }
  Metrics metrics{{.folder = resumed.path}, 27};
  metrics.set_state(checkpoint);
  run(metrics, 28, 40);
  CHECK(read_file(resumed / "metrics.jsonl") == read_file(straight / "metrics.jsonl"));
}

TEST_CASE("every 0 steps is never") {
  const TemporaryFolder folder;
  Metrics metrics{{.folder = folder.path, .every = 0}, 0};
  metrics.add_step(record(1));
  CHECK(read_file(folder / "metrics.jsonl") == "");
}

TEST_CASE("without TensorBoard there is one file") {
  const TemporaryFolder folder;
  Metrics metrics{{.folder = folder.path, .tensorboard = false}, 0};
  metrics.values("knn", record(3), std::array{NamedValue{"knn_accuracy", 0.25}});
  CHECK(folder.files() == 1);
  CHECK(read_file(folder / "metrics.jsonl") ==
        "{\"kind\":\"knn\",\"step\":3,\"epoch\":0.15,\"knn_accuracy\":0.25}\n");
}

TEST_CASE("as a callback, it goes on where the run's memory says") {
  const TemporaryFolder straight, resumed;
  const auto take = [](Metrics& metrics, FakeRun& run, Index last) {
    metrics.begin(run);
    while (run.taken < last) {
      StepRecord now = record(++run.taken);
      if (run.taken % 20 != 0 && run.taken != 15) now.extra.clear();
      metrics.record(run, now);
    }
  };
  FakeRun whole, first;
  Metrics reference{{.folder = straight / "run"}};
  take(reference, whole, 40);
  Metrics before{{.folder = resumed / "run"}};
  take(before, first, 27);
  FakeRun second{.taken = 27, .kept = first.kept};
  take(before, first, 37);
  Metrics after{{.folder = resumed / "run"}};
  take(after, second, 40);
  const std::string content = read_file(straight / "run/metrics.jsonl");
  CHECK(read_file(resumed / "run/metrics.jsonl") == content);
  CHECK(contains(content, R"({"kind":"probe","step":15,"epoch":0.75,"effective_rank":)"));
  CHECK(contains(content, R"({"kind":"epoch","step":40,"epoch":2.0,"loss":)"));
}

TEST_CASE("a step whose loss scale was too large does not spoil the epoch, nor what is resumed") {
  const TemporaryFolder folder;
  Metrics metrics{{.folder = folder.path, .every = 1}, 0};
  auto skipped = record(1);
  skipped.gradient_norm = INFINITY;
  metrics.add_step(skipped);
  metrics.set_state(nlohmann::json::parse(metrics.state().dump()));
  metrics.add_step(record(2));
  metrics.add_epoch(record(2));
  const auto lines = io::read_json_lines(folder / "metrics.jsonl");
  REQUIRE(lines.size() == 3);
  CHECK(lines[0]["gradient_norm"].is_null());
  CHECK(lines[2]["gradient_norm"].get<double>() == doctest::Approx(std::exp(-2.)));
}
