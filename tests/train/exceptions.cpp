// SPDX-License-Identifier: MIT
// What fails in the middle of a run costs nothing that was done before.
#include <doctest/doctest.h>
#include <sys/resource.h>

#include <atomic>
#include <csignal>
#include <filesystem>

#include "../io/temporary_folder.hpp"
#include "extrema/train/checkpoints.hpp"
#include "extrema/train/metrics.hpp"
#include "stripes.hpp"

namespace {

/// Counts the calls of save(); throws in the phase of a step's number.
struct Trouble {
  Index at = -1;
  std::string phase = {};
  int saves = 0;

  void meet(auto& run, const std::string& now) const {
    if (run.step() == at && phase.find(now) != phase.npos) throw Error{"trouble in ", now};
  }
  void step(auto& run, train::StepRecord&) const { meet(run, "step"); }
  void record(auto& run, const train::StepRecord&) const { meet(run, "record"); }
  void save(auto& run, const train::StepRecord&) {
    ++saves;
    meet(run, "save");
  }
};

/// Stripes that break as a whole after so many images were read.
struct Breaking : Stripes {
  std::atomic<Index>* left;
  Breaking(Index size, std::atomic<Index>& reads) : Stripes{size, 1}, left{&reads} {}
  void read(Index i, data::Image& image) const {
    if ((*left)-- <= 0) throw Error{"the disk is gone"};
    Stripes::read(i, image);
  }
};

/// Lets files grow no further while a step's record is written down.
struct DiskFull {
  Index at;
  std::string file;

  void record(auto& run, const train::StepRecord&) const {
    if (run.step() == at) limit(std::filesystem::file_size(file));
  }
  void save(auto&, const train::StepRecord&) const { limit(RLIM_INFINITY); }

  static void limit(rlim_t bytes) {
    rlimit now{};
    getrlimit(RLIMIT_FSIZE, &now);
    now.rlim_cur = std::min(bytes, now.rlim_max);
    setrlimit(RLIMIT_FSIZE, &now);
  }
};

/// The lines of metrics, but for what differs from run to run.
std::vector<nlohmann::ordered_json> lines(const std::string& folder) {
  auto result = io::read_json_lines(folder + "/metrics.jsonl");
  for (auto& line : result) line.erase("time");
  return result;
}

}  // namespace

TEST_CASE("what throws after a step loses nothing") {
  const Stripes images{96, 1};
  Device device;
  Trainer straight = trainer(device);
  train::fit(straight, images, recipe(3));
  const auto goes_on = [&](const std::string& folder, Index from) {
    Trainer rest = trainer(device);
    train::fit(rest, images, recipe(3), train::Checkpoints{{.folder = folder, .every_epochs = 0}},
               Stop{from});
    CHECK(rest.count() == std::max<Index>(from, 1));  // it began there, and took no step but one
    Trainer all = trainer(device);
    train::fit(all, images, recipe(3), train::Checkpoints{{.folder = folder}});
    CHECK(student(all) == student(straight));
  };
  for (const char* phase : {"step", "record"}) {
    CAPTURE(phase);
    const TemporaryFolder folder;
    Trainer t = trainer(device);
    Trouble trouble{.at = 5, .phase = phase};
    CHECK(message([&] {
            train::fit(t, images, recipe(3),
                       train::Checkpoints{{.folder = folder.path, .every_epochs = 0}}, trouble);
          }) == text("trouble in ", phase));
    CHECK(trouble.saves == 5);
    CHECK(io::Checkpoint{folder / "checkpoint.safetensors"}.state().at("step") == 5);
    goes_on(folder.path, 6);
  }
  {
    const TemporaryFolder folder;
    Trainer t = trainer(device);
    std::atomic<Index> reads = 96;
    Trouble trouble;
    CHECK(contains(message([&] {
                     train::fit(t, Breaking{96, reads}, recipe(3),
                                train::Checkpoints{{.folder = folder.path, .every_epochs = 0}},
                                trouble);
                   }),
                   "the disk is gone"));
    CHECK(t.count() >= 1);
    CHECK(trouble.saves == t.count() + 1);
    CHECK(io::Checkpoint{folder / "checkpoint.safetensors"}.state().at("step") == t.count());
    goes_on(folder.path, t.count() + 1);
  }
}

TEST_CASE("of two exceptions the first is told; no step, no save") {
  Device device;
  const Stripes images{64, 1};
  for (const auto& [phase, saves] : {std::pair{"step save", 3}, std::pair{"save", 3}}) {
    Trainer t = trainer(device);
    Trouble trouble{.at = 3, .phase = phase};
    CHECK(message([&] { train::fit(t, images, recipe(3), trouble); }) ==
          text("trouble in ", std::string{phase}.substr(0, 4)));
    CHECK(trouble.saves == saves);
  }
  Trainer t = trainer(device);
  std::atomic<Index> none = 0;
  Trouble trouble;
  CHECK(message([&] { train::fit(t, Breaking{64, none}, recipe(3), trouble); }) != "");
  CHECK(trouble.saves == 0);
  CHECK(message([&] { train::fit(t, images, recipe(4, 1e38), trouble); }) != "");
  CHECK(trouble.saves == t.count() - 1);  // none of the step whose loss is not finite
  CHECK(t.count() >= 2);
}

TEST_CASE("a run that goes on after a failure has every line of metrics") {
  std::signal(SIGXFSZ, SIG_IGN);
  const Stripes images{96, 1};
  Device device;
  const auto fit = [&](const std::string& folder, auto&&... others) {
    Trainer t = trainer(device);
    train::fit(t, images, recipe(3), others...,
               train::Checkpoints{{.folder = folder, .every_epochs = 0}},
               train::Metrics{{.folder = folder, .every = 1}});
  };
  const TemporaryFolder straight;
  fit(straight.path);
  const auto expected = lines(straight.path);
  CHECK(expected.size() == 9 + 3);
  for (const Index at : {5, 6}) {  // in the middle of an epoch, and at its end
    CAPTURE(at);
    for (const char* phase : {"step", "record", "save"}) {
      CAPTURE(phase);
      const TemporaryFolder folder;
      CHECK(message([&] { fit(folder.path, Trouble{.at = at, .phase = phase}); }) != "");
      fit(folder.path);
      CHECK(lines(folder.path) == expected);
    }
    const TemporaryFolder folder;
    CHECK(contains(message([&] {
                     fit(folder.path, DiskFull{at, folder / "metrics.jsonl"});
                   }),
                   "metrics.jsonl"));
    CHECK(lines(folder.path).size() < expected.size());
    fit(folder.path);
    CHECK(lines(folder.path) == expected);
  }
}
