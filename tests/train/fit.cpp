// SPDX-License-Identifier: MIT
// The loop: it learns, calls its callbacks in order, does not depend on micro-batches, and stops
// where the loss is not finite.
#include "extrema/train/fit.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "../io/temporary_folder.hpp"
#include "extrema/train/checkpoints.hpp"
#include "extrema/train/health.hpp"
#include "extrema/train/knn_probe.hpp"
#include "extrema/train/metrics.hpp"
#include "stripes.hpp"

namespace {

struct Losses {
  std::vector<double>& list;
  void record(auto&, const train::StepRecord& record) { list.push_back(record.loss); }
};

/// Writes down which of its functions were called.
struct Watch {
  std::string name;
  std::string& calls;
  void restore(auto&) { calls += name + ":restore "; }
  void begin(auto&) { calls += name + ":begin "; }
  void step(auto& run, train::StepRecord& record) {
    calls += name + text(":step", run.step(), " ");
    record.extra.push_back({name, 1});
  }
  void epoch(auto& run, train::StepRecord&) { calls += name + text(":epoch", run.epoch(), " "); }
  void record(auto&, const train::StepRecord& record) {
    calls += name + text(":record", record.extra.size(), " ");
  }
  void save(auto&, const train::StepRecord&) { calls += name + ":save "; }
  void end(auto&) { calls += name + ":end "; }
};

/// A run that does not come to save.
struct Killed {
  void step(auto&, train::StepRecord&) const { throw 1; }
  void save(auto&, const train::StepRecord&) const { throw 2; }
};

struct LastExtra {
  std::vector<train::NamedValue>& values;
  void record(auto&, const train::StepRecord& record) { values = record.extra; }
};

}  // namespace

TEST_CASE("features tell two classes apart better after training") {
  const Stripes images{512, 1}, bank{256, 2}, queries{256, 3};
  Device device;
  Trainer t = trainer(device);
  const train::KnnProbe probe{bank, queries};
  const double before = probe.accuracy(t, data::Normalisation::usual(1));
  train::fit(t, images, recipe(40, 2e-2));
  const double after = probe.accuracy(t, data::Normalisation::usual(1));
  MESSAGE("k-NN accuracy before ", before, ", after ", after);
  CHECK(after > before + 0.1);
  CHECK(t.count() == 40 * 16);
}

TEST_CASE("callbacks are called phase by phase, each in the order given") {
  Device device;
  Trainer t = trainer(device);
  std::string calls;
  train::fit(t, Stripes{64, 1}, recipe(5), Watch{"a", calls}, Watch{"b", calls}, Stop{3});
  CHECK(calls ==
        "a:restore b:restore a:begin b:begin "
        "a:step1 b:step1 a:record2 b:record2 a:save b:save "
        "a:step2 b:step2 a:epoch1 b:epoch1 a:record2 b:record2 a:save b:save "
        "a:step3 b:step3 a:record2 b:record2 a:save b:save a:end b:end ");
}

TEST_CASE("micro-batches give the same training to rounding") {
  const Stripes images{64, 1};
  const auto train_in = [&](Index pieces) {
    Device device;
    Trainer t = trainer(device);
    train::Recipe r = recipe(2);
    r.pieces = pieces;
    std::vector<double> losses;
    train::fit(t, images, r, Losses{losses});
    return losses;
  };
  const auto whole = train_in(1), pieces = train_in(3);
  REQUIRE(whole.size() == 4);
  for (std::size_t i = 0; i < whole.size(); ++i)
    CHECK(pieces[i] == doctest::Approx(whole[i]).epsilon(1e-4));
}

TEST_CASE("a loss that is not finite ends the run and is left out") {
  Device device;
  Trainer t = trainer(device);
  const TemporaryFolder folder;
  const std::string said = message([&] {
    train::fit(t, Stripes{64, 1}, recipe(4, 1e38), train::Checkpoints{{.folder = folder.path}});
  });
  CHECK(contains(said, "lower the learning rate"));
  CHECK(said.find('\n') == said.npos);
  for (const float value : student(t)) REQUIRE(std::isfinite(value));
}

TEST_CASE("what does not fit is said before the first step") {
  Device device;
  Trainer t = trainer(device);
  const Stripes images{20, 1};
  CHECK(contains(message([&] { train::fit(t, images, recipe(1)); }), "a batch of 32 is larger"));
  train::Recipe r = recipe(1);
  r.batch = 8;
  r.warmup_epochs = 2;
  CHECK(contains(message([&] { train::fit(t, images, r); }), "warmup_epochs is 2"));
  r.warmup_epochs = 0;
  r.normalisation = data::Normalisation::imagenet();
  std::string calls;
  CHECK(contains(message([&] {
                   train::fit(t, images, r, Watch{"a", calls});
                 }),
                 "a deviation for each of 1 channels, found 3"));
  CHECK(calls == "");
  CHECK(t.count() == 0);
}

TEST_CASE("a run that goes on ends with the bits of one that was not interrupted") {
  const TemporaryFolder folder;
  const Stripes images{96, 1};
  Device device;
  Trainer straight = trainer(device);
  train::fit(straight, images, recipe(3));
  for (const Index at : {1, 4, 7}) {  // in the first, the second and the third epoch
    train::Checkpoints checkpoints{{.folder = folder.path}};
    Trainer part = trainer(device);
    train::fit(part, images, recipe(3), checkpoints, Stop{at});
    CHECK(part.count() == at);
  }
  Trainer rest = trainer(device);
  train::Checkpoints checkpoints{{.folder = folder.path}};
  train::fit(rest, images, recipe(3), checkpoints);
  CHECK(checkpoints.resumed() == checkpoints.path());
  CHECK(student(rest) == student(straight));

  Trainer initialised = trainer(device);
  train::load_weights(initialised, folder / "student.safetensors");
  CHECK(student(initialised) == student(straight));
  CHECK(initialised.count() == 0);
}

TEST_CASE("AdamW's corrections count its own updates, wherever the run begins") {
  Device device;
  const Stripes images{64, 1};
  train::Recipe constant = recipe(200, 8e-3);  // of 256 images
  constant.min_learning_rate = 1e-3;
  constant.warmup_epochs = 0;
  constant.weight_decay = 0;
  Trainer t = trainer(device);
  t.restore(100 * 2);
  CHECK(t.updates() == 0);
  const auto before = student(t);
  train::fit(t, images, constant, Stop{201});
  CHECK(t.count() == 201);
  CHECK(t.updates() == 1);
  // A first update of Adam moves a value by the learning rate, if its gradient is not tiny.
  const auto after = student(t);
  double most = 0;
  for (std::size_t i = 0; i < before.size(); ++i)
    most = std::max(most, std::abs(static_cast<double>(after[i]) - static_cast<double>(before[i])));
  CHECK(most == doctest::Approx(1e-3).epsilon(1e-2));
}

/// Stripes of which only the first have labels.
struct PartlyLabelled : Stripes {
  Index labelled;
  PartlyLabelled(Index size, Index count) : Stripes{size, 2}, labelled{count} {}
  int label(Index i) const { return i < labelled ? Stripes::label(i) : -1; }
};

TEST_CASE("images without labels are left out of the k-NN probe") {
  Device device;
  Trainer t = trainer(device);
  const data::Normalisation usual = data::Normalisation::usual(1);
  const PartlyLabelled some{96, 64}, all{64, 64}, none{64, 0};
  const double expected = train::KnnProbe{all, all}.accuracy(t, usual);
  CHECK(expected > 0.5);
  CHECK(train::KnnProbe{some, some}.accuracy(t, usual) == expected);
  const Stripes empty{0, 1};
  CHECK(message([&] {
          train::fit(t, Stripes{64, 1}, recipe(1), train::KnnProbe{none, all});
        }) == "KnnProbe: expected images with labels as bank, found none among 64");
  CHECK(message([&] {
          train::fit(t, Stripes{64, 1}, recipe(1), train::KnnProbe{all, empty});
        }) == "KnnProbe: expected images with labels as queries, found none among 0");
  CHECK(t.count() == 0);
}

TEST_CASE("what is done every 0 epochs is never done") {
  Device device;
  Trainer t = trainer(device);
  const Stripes images{64, 1};
  std::vector<train::NamedValue> values;
  train::fit(t, images, recipe(2), train::KnnProbe{images, images, {.every_epochs = 0}},
             train::Health<Stripes>{images, {.every_epochs = 0}}, LastExtra{values});
  CHECK(values.empty());
}

TEST_CASE("a finished run has all its files, whenever it was killed") {
  const TemporaryFolder folder;
  const Stripes images{64, 1};
  Device device;
  const auto run = [&](train::Checkpoints::Options options) {
    Trainer t = trainer(device);
    train::fit(t, images, recipe(1), train::Checkpoints{std::move(options)});
    return t.count();
  };
  CHECK(run({.folder = folder / "a"}) == 2);
  const std::string teacher = read_file(folder / "a/teacher.safetensors"),
                    whole = read_file(folder / "a/checkpoint.safetensors");
  std::filesystem::remove(folder / "a/teacher.safetensors");
  CHECK(run({.folder = folder / "a"}) == 2);
  CHECK(read_file(folder / "a/teacher.safetensors") == teacher);
  Trainer idle = trainer(device);
  train::fit(idle, images, recipe(1, 1e-3), train::Checkpoints{{.folder = folder / "a"}});
  CHECK(read_file(folder / "a/checkpoint.safetensors") == whole);  // of the recipe that trained it
  CHECK(run({.folder = folder / "b", .resume = folder / "a/checkpoint.safetensors"}) == 2);
  CHECK(read_file(folder / "b/teacher.safetensors") == teacher);
}

TEST_CASE("a fresh run sets the checkpoint aside before its first step") {
  const TemporaryFolder folder;
  const Stripes images{64, 1};
  Device device;
  Trainer old = trainer(device);
  train::fit(old, images, recipe(1), train::Checkpoints{{.folder = folder.path}},
             train::Metrics{{.folder = folder.path}});
  write_file(folder / "notes.txt", "the user's");
  const std::string kept = read_file(folder / "checkpoint.safetensors");
  Trainer fresh = trainer(device);
  CHECK_THROWS_AS(train::fit(fresh, images, recipe(1), Killed{},
                             train::Metrics{{.folder = folder.path, .fresh = true}},
                             train::Checkpoints{{.folder = folder.path, .fresh = true}}),
                  int);
  CHECK_FALSE(std::filesystem::exists(folder / "checkpoint.safetensors"));
  CHECK(read_file(folder / "replaced-1/checkpoint.safetensors") == kept);
  CHECK(std::filesystem::exists(folder / "replaced-1/teacher.safetensors"));
  CHECK(std::filesystem::exists(folder / "replaced-1/metrics.jsonl"));
  CHECK(std::filesystem::exists(folder / "notes.txt"));
}

namespace {

struct Halves {
  int keep(Grid grid) const { return grid.size() / 2; }
  void fill(const mask::Request&, const mask::Picks& picks) const {
    for (int view = 0; view < picks.views(); ++view)
      for (int i = 0; i < picks.keep(); ++i) picks.at(view, i) = i + view % 2 * picks.keep();
  }
};

}  // namespace

TEST_CASE("a run does not go on with another mask or loss") {
  const TemporaryFolder folder;
  const Stripes images{64, 1};
  Device device;
  Trainer first = trainer(device);
  train::fit(first, images, recipe(1), train::Checkpoints{{.folder = folder.path}});
  const auto refusal = [&](auto& other) {
    return message(
        [&] { train::fit(other, images, recipe(2), train::Checkpoints{{.folder = folder.path}}); });
  };
  Trainer::Options options = first.options();
  options.method.mask.ratio = 0.75;
  Trainer sparser{device, options};
  CHECK(contains(refusal(sparser),
                 "is of a run with mask \"extrema::mask::Disjoint, ratio 0.5\", "
                 "this one has \"extrema::mask::Disjoint, ratio 0.75\""));
  options = first.options();
  options.method.loss.temperature = 0.1;
  Trainer colder{device, options};
  CHECK(contains(refusal(colder), "is of a run with loss"));
  using OtherMethod = siamese::Extrema<nn::Vit<nn::dynamic>, Halves, loss::InfoNce>;
  const auto& was = first.options().method;
  train::Trainer<OtherMethod, optim::AdamW, Device> halved{device,
                                                           {.method = {.backbone = was.backbone,
                                                                       .hidden = was.hidden,
                                                                       .projection = was.projection,
                                                                       .views = was.views,
                                                                       .loss = was.loss},
                                                            .seed = first.options().seed}};
  CHECK(contains(refusal(halved), "Halves"));
}

TEST_CASE("weights without a checkpoint are not written over") {
  const TemporaryFolder folder;
  const Stripes images{64, 1};
  Device device;
  const auto run = [&] {
    Trainer t = trainer(device);
    train::Checkpoints checkpoints{{.folder = folder.path}};
    train::fit(t, images, recipe(1), checkpoints);
    return checkpoints.replaced();
  };
  CHECK(run().empty());
  const std::string teacher = "one from elsewhere";
  write_file(folder / "teacher.safetensors", teacher);
  CHECK(run().empty());  // the checkpoint brings the right one back
  write_file(folder / "teacher.safetensors", teacher);
  std::filesystem::remove(folder / "checkpoint.safetensors");
  CHECK(run() == folder / "replaced-1");
  CHECK(read_file(folder / "replaced-1/teacher.safetensors") == teacher);
}

TEST_CASE("health is looked at and collapse is said once") {
  Device device;
  Trainer t = trainer(device);
  const Stripes images{64, 1};
  std::vector<std::string> warnings;
  std::vector<train::NamedValue> values;
  train::fit(t, images, recipe(1),
             train::Health<Stripes>{images, {.least_rank = 1e6, .warn = [&](const std::string& w) {
                                               warnings.push_back(w);
                                             }}});
  CHECK(warnings.empty());  // after 2 steps there is nothing to say yet
  train::Health<Stripes> health{
      images, {.least_steps = 0, .least_rank = 1e6, .warn = [&](const std::string& w) {
                 warnings.push_back(w);
               }}};
  train::fit(t, images, recipe(4), health, LastExtra{values});
  REQUIRE(values.size() == 3);
  CHECK(values[0].name == "feature_spread");
  CHECK(values[1].name == "effective_rank");
  CHECK(values[1].value > 1);
  CHECK(values[2].name == "student_teacher_cosine");
  REQUIRE(warnings.size() == 1);  // of three epochs
  CHECK(contains(warnings[0], "effective rank"));
}
