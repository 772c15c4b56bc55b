// SPDX-License-Identifier: MIT
// What is printed, by a clock that the test moves.
#include "extrema/train/progress.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace extrema;
using namespace extrema::train;

namespace {

/// A run of so many steps, each of `seconds`, printed to memory.
struct Run {
  double time = 100;
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* out = ::open_memstream(&text, &size);
  Progress progress;
  StepRecord record{.steps = 200, .epochs = 4, .batch = 50, .loss = 1.23456};

  explicit Run(bool terminal)
      : progress{{.out = out, .terminal = terminal, .clock = [this] { return time; }}} {}
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;
  ~Run() {
    std::fclose(out);
    std::free(text);
  }

  void steps(Index count, double seconds) {
    for (Index i = 0; i < count; ++i) {
      time += seconds;
      record.epoch = record.step++ / 50;
      progress.update(record);
    }
  }
  std::string printed() {
    std::fflush(out);
    return {text, size};
  }
};

}  // namespace

TEST_CASE("plain lines: the first step, every ten seconds, the last step") {
  Run run{false};
  run.steps(1, 0.5);
  CHECK(run.printed() == "epoch 1/4, step 1/200, loss 1.2346, 100 images/s, 1:40 left\n");
  run.steps(199, 0.5);
  const std::string all = run.printed();
  CHECK(std::ranges::count(all, '\n') == 1 + 9 + 1);
  CHECK(all.find("epoch 1/4, step 21/200, loss 1.2346, 100 images/s, 1:30 left\n") != all.npos);
  CHECK(all.ends_with("\nepoch 4/4, step 200/200, loss 1.2346, 100 images/s, 0:00 left\n"));
  CHECK(all.find('\r') == all.npos);
}

TEST_CASE("a terminal's line is rewritten, not too often, and ends with the run") {
  Run run{true};
  run.steps(20, 0.01);
  const std::string early = run.printed();
  CHECK(early.find("\repoch 1/4 [>") == 0);
  CHECK(std::ranges::count(early, '\r') == 2);
  CHECK(std::ranges::count(early, '\n') == 0);
  run.steps(80, 0.2);
  CHECK(run.printed().find("  50 % loss 1.2346") != std::string::npos);
  run.progress.note("epoch 2: k-NN 71.2 %");
  CHECK(run.printed().ends_with("\r\x1b[Kepoch 2: k-NN 71.2 %\n"));
  run.steps(100, 0.2);
  CHECK(run.printed().ends_with("0:00 left\x1b[K\n"));
  CHECK(run.printed().find("] 100 % loss") != std::string::npos);
  for (std::size_t at = 0; at != std::string::npos; at = run.printed().find('\r', at + 1)) {
    const std::string line = run.printed().substr(at);
    CHECK(line.find("\x1b[K") <= 80);  // with the carriage return
  }
}

TEST_CASE("the speed follows a change, and a pause is not forgotten at once") {
  Run run{false};
  run.steps(100, 0.1);
  run.steps(100, 0.1);
  CHECK(run.printed().find("500 images/s") != std::string::npos);
  run.record = {.steps = 100'000, .epochs = 4, .batch = 50};
  run.steps(1000, 1);
  CHECK(run.printed().find(", 50 images/s, 1 d 3 h left\n") != std::string::npos);
}

TEST_CASE("durations") {
  CHECK(duration_text(8.6) == "0:09");
  CHECK(duration_text(123) == "2:03");
  CHECK(duration_text(3723) == "1:02:03");
  CHECK(duration_text(90000) == "1 d 1 h");
  CHECK(duration_text(1e300) == "?");
  CHECK(duration_text(0.0 / 0.0) == "?");
}
