// SPDX-License-Identifier: MIT
// A run that is killed at any moment and started again ends with the bits of one that was not, and
// so does one with other threads.
#include <doctest/doctest.h>

#include <random>

#include "pretraining.hpp"

TEST_CASE("killed at random moments, and while a checkpoint is written") {
  const TemporaryFolder folder;
  make_images(folder / "data", 2);
  // (Many steps, so that the run does not end before it can be killed on a busy machine.)
  const Arguments more{"--epochs", "80", "--save-minutes", "0.0002"};
  const Arguments straight = tiny(folder / "data", folder / "straight") + more;
  const Arguments killed = tiny(folder / "data", folder / "killed") + more;
  REQUIRE(finish(straight, folder) == 0);

  std::mt19937 random{7};
  int kills = 0, in_writing = 0;
  bool ended = false;
  for (int attempt = 0; attempt < 12 && !ended; ++attempt) {
    ended = !kill_at(killed, folder, [&](Pretraining& run) {
      if (attempt % 2 == 0) sleep_awhile(random);
      else run.until([&] { return half_written(folder / "killed"); });
    });
    kills += !ended;
    in_writing += half_written(folder / "killed");
  }
  CHECK(kills >= 4);
  CHECK(in_writing >= 1);
  REQUIRE(finish(killed, folder) == 0);
  CHECK_FALSE(half_written(folder / "killed"));
  CHECK(tensors(checkpoint(folder / "killed")) == tensors(checkpoint(folder / "straight")));
  CHECK(tensors(folder / "killed/teacher.safetensors") ==
        tensors(folder / "straight/teacher.safetensors"));
  CHECK(metrics(folder / "killed") == metrics(folder / "straight"));
  CHECK(metrics(folder / "straight").find("\"step\":240,") != std::string::npos);
}

TEST_CASE("killed with other optimisers, losses, precisions, views and pieces") {
  const Arguments configurations[] = {
      {"--opt", "sgd", "--clip_grad", "0.5", "--precision", "bf16", "--loss", "infonce"},
      {"--opt", "lars", "--aug-two-crops", "--micro-batches", "3", "--mask-policy", "block"},
      {"--precision", "bf16_stream", "--weight-decay-end", "0.4", "--deterministic", "--threads",
       "2"}};
  std::mt19937 random{11};
  for (const Arguments& configuration : configurations) {
    CAPTURE(configuration[1]);
    const TemporaryFolder folder;
    make_images(folder / "data", 1);
    const auto run = [&](const char* name) {
      return tiny(folder / "data", folder / name) +
             Arguments{"--epochs", "40", "--save-minutes", "0.0002"} + configuration;
    };
    REQUIRE(finish(run("straight"), folder) == 0);
    int kills = 0;
    for (int attempt = 0; attempt < 3; ++attempt)
      kills += kill_at(run("killed"), folder, [&](Pretraining&) { sleep_awhile(random); });
    CHECK(kills >= 1);
    REQUIRE(finish(run("killed"), folder) == 0);
    CHECK(tensors(checkpoint(folder / "killed")) == tensors(checkpoint(folder / "straight")));
    CHECK(metrics(folder / "killed") == metrics(folder / "straight"));
  }
}

TEST_CASE("stopped by a signal it saves, and says how to go on") {
  const TemporaryFolder folder;
  const std::string data = folder / "the data, #1; [old]";
  make_images(data);
  const Arguments epochs{"--epochs", "80"};
  REQUIRE(finish(tiny(data, folder / "straight") + epochs, folder) == 0);
  for (const int signal : {SIGTERM, SIGINT}) {
    const std::string output = folder / ("it's stopped by " + std::to_string(signal));
    Pretraining run{tiny(data, output) + epochs, folder / "said"};
    run.until([&] { return size_of(output + "/metrics.jsonl") > 0; });
    run.signal(signal);
    REQUIRE(run.wait() == 128 + signal);
    const std::string said = run.said(), words = "to go on: ";
    REQUIRE(contains(said, words));
    const std::string command = said.substr(said.find(words) + words.size());
    REQUIRE(std::system((command.substr(0, command.find('\n')) + " >/dev/null 2>&1").c_str()) == 0);
    CHECK(tensors(checkpoint(output)) == tensors(checkpoint(folder / "straight")));
    CHECK(metrics(output) == metrics(folder / "straight"));
  }
}

TEST_CASE("the same whatever the threads") {
  const TemporaryFolder folder;
  make_images(folder / "data", 3);
  const auto run = [&](const std::string& name, const Arguments& more) {
    REQUIRE(finish(tiny(folder / "data", folder / name) + Arguments{"--epochs", "3"} + more,
                   folder) == 0);
    return tensors(checkpoint(folder / name)) + metrics(folder / name);
  };
  const std::string one = run("one", {"-j", "1"});
  CHECK(run("two", {"-j", "2"}) == one);
  CHECK(run("four", {"-j", "4"}) == one);
  CHECK(run("seed", {"--seed", "1"}) != one);  // the comparison sees a difference
  const std::string promised = run("promised", {"--deterministic"});
  CHECK(run("promised2", {"--deterministic", "--threads", "2"}) == promised);
}

TEST_CASE("a configuration that is fed back gives the same run") {
  const TemporaryFolder folder;
  make_images(folder / "data");
  const Arguments first =
      tiny(folder / "data", folder / "first") +
      Arguments{
          "--epochs",     "2",   "--opt-betas",  "0.9", "0.95", "--mask-policy", "inverse-block",
          "--mask-ratio", "0.5", "--aug-spatial"};
  REQUIRE(finish(first, folder) == 0);
  REQUIRE(finish({"--config", folder / "first/config.ini", "--output_dir", folder / "second"},
                 folder) == 0);
  CHECK(tensors(checkpoint(folder / "second")) == tensors(checkpoint(folder / "first")));
  CHECK(metrics(folder / "second") == metrics(folder / "first"));
}

TEST_CASE("a run goes on with another recipe, and says so") {
  const TemporaryFolder folder;
  make_images(folder / "data");
  const Arguments first = tiny(folder / "data", folder / "out") + Arguments{"--epochs", "6"};
  const auto said = [&](const Arguments& more) {
    Pretraining run{first + more, folder / "said"};
    CHECK(run.wait() == 0);
    return run.said();
  };
  CHECK_FALSE(contains(said({"--max-steps", "2"}), "goes on with"));
  CHECK_FALSE(contains(said({"--max-steps", "3"}), "goes on with"));
  CHECK(contains(said({"--max-steps", "4", "--lr", "0.01", "--epochs", "12"}),
                 "goes on with epochs 12 (was 6), learning rate 0.01 (was 0.02), warm-up epochs"));
}

TEST_CASE("first weights are read once, and a log folder is its run's") {
  const TemporaryFolder folder;
  make_images(folder / "data");
  REQUIRE(finish(tiny(folder / "data", folder / "first") + Arguments{"--max-steps", "1"}, folder) ==
          0);
  const std::string init = folder / "first/student.safetensors";
  const Arguments second = tiny(folder / "data", folder / "second") +
                           Arguments{"--init", init, "--log_dir", folder / "log"};
  REQUIRE(finish(second + Arguments{"--max-steps", "1"}, folder) == 0);
  std::filesystem::remove(init);
  REQUIRE(finish(second + Arguments{"--max-steps", "2"}, folder) == 0);
  Pretraining third{
      tiny(folder / "data", folder / "third") + Arguments{"--log_dir", folder / "log"},
      folder / "said"};
  CHECK(third.wait() == 2);
  CHECK(contains(third.said(), "/log: holds the metrics of the run in " + folder.path + "/second"));
}

TEST_CASE("without LayerScale there is none") {
  const TemporaryFolder folder;
  make_images(folder / "data");
  const auto student = [&](const char* value) {
    Pretraining run{tiny(folder / "data", folder / value) +
                        Arguments{"--layer_scale_init_value", value, "--max-steps", "1"},
                    folder / "said"};
    REQUIRE(run.wait() == 0);
    CHECK(contains(run.said(), "there is no LayerScale") == (value == std::string{"0"}));
    return tensors(folder / value + "/student.safetensors");
  };
  CHECK(contains(student("0.1"), "gamma"));
  CHECK_FALSE(contains(student("0"), "gamma"));
}
