// SPDX-License-Identifier: MIT
// A stage for runs of extrema-pretrain that are to fail, and what is left of them.
#pragma once

#include <doctest/doctest.h>

#include "pretraining.hpp"

namespace fs = std::filesystem;

/// Where a faulty run happens: sound images in data/, and where one is asked for, a checkpoint in
/// out/.
struct Stage {
  TemporaryFolder folder;
  std::string data = folder / "data", out = folder / "out";

  Arguments arguments() const { return tiny(data, out) + Arguments{"--epochs", "1"}; }
  std::string image(int number) const {
    return data + (number % 2 ? "/a/" : "/b/") + std::to_string(100 + number) + ".png";
  }
};

/// The files of the output folder; those that say how the run goes only on demand.
inline std::string survivors(const std::string& out, bool course = true) {
  std::string result;
  for (const char* name : {"checkpoint", "student", "teacher"})
    result += read_file(out + "/" + name + ".safetensors");
  if (course) result += read_file(out + "/config.ini") + read_file(out + "/metrics.jsonl");
  return result;
}

inline int lines_of_error(const std::string& said) {
  int count = 0;
  for (std::size_t at = 0; (at = said.find("extrema-pretrain: ", at)) != said.npos; ++at)
    count += at == 0 || said[at - 1] == '\n';
  return count;
}

/// The exit code of a run, and what it said.
struct Outcome {
  int code;
  std::string said;
};

inline Outcome run(const Stage& stage, const Arguments& arguments,
                   const std::function<void()>& before = {}) {
  Pretraining pretraining{arguments, stage.folder / "said", before};
  const int code = pretraining.wait();
  return {code, pretraining.said()};
}

/// Fills a stage, gives the arguments of a run on it, and shows that without a fault they succeed.
inline Arguments prepare(const Stage& stage, bool resumes) {
  make_images(stage.data);
  Arguments arguments = stage.arguments();
  const auto succeeds = [&] {
    const Outcome outcome = run(stage, arguments);
    INFO(outcome.said);
    REQUIRE(outcome.code == 0);
  };
  succeeds();
  if (!resumes) {
    fs::remove_all(stage.out);
    return arguments;
  }
  fs::copy(stage.out, stage.folder / "kept");
  arguments = arguments + Arguments{"--epochs", "2"};
  succeeds();
  fs::remove_all(stage.out);
  fs::rename(stage.folder / "kept", stage.out);
  return arguments;
}
