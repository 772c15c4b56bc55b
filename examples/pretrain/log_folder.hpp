// SPDX-License-Identifier: MIT
// Where metrics go: the output folder, or one that belongs to this run alone.
#pragma once

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "extrema/core/error.hpp"
#include "extrema/io/atomic_file.hpp"
#include "extrema/train/run_folder.hpp"

namespace pretrain {

/// A run that begins cuts the metrics it finds, so it must not find another's. Throws Error.
class LogFolder {
 public:
  LogFolder(std::string path, const std::string& output)
      : path_{path.empty() ? output : std::move(path)} {
    namespace fs = std::filesystem;
    std::error_code missing;
    if (fs::equivalent(path_, output, missing)) return;
    held_.emplace(path_);
    const std::string note = path_ + "/output_dir.txt", own = fs::weakly_canonical(output).string();
    if (std::string theirs; std::getline(std::ifstream{note}, theirs)) {
      if (theirs == own) return;
      throw extrema::Error{path_, ": holds the metrics of the run in ", theirs,
                           ": name another --log_dir",
                           fs::exists(theirs) ? "" : ", or remove " + note};
    }
    if (fs::exists(path_ + "/metrics.jsonl"))
      throw extrema::Error{path_, ": holds the metrics of another run: name another --log_dir"};
    extrema::io::write_atomically(note, own + "\n");
  }

  const std::string& path() const { return path_; }

 private:
  std::string path_;
  std::optional<extrema::train::RunFolder> held_;  // where it is not the output folder
};

}  // namespace pretrain
