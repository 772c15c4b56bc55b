// SPDX-License-Identifier: MIT
// Runs the real extrema-pretrain on small data that is made here, and kills it.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "../data/files.hpp"
#include "extrema/io/json_lines.hpp"
#include "extrema/io/safetensors.hpp"

using Arguments = std::vector<std::string>;

inline Arguments operator+(Arguments a, const Arguments& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// extrema-pretrain in a process of its own, which writes stdout and stderr to a file.
class Pretraining {
 public:
  /// Another build of it may take its place.
  static inline std::string program = EXTREMA_PROGRAMS "/extrema-pretrain";

  /// `before` is called in the new process, before the program begins.
  Pretraining(const Arguments& arguments, std::string output,
              const std::function<void()>& before = {})
      : output_{std::move(output)} {
    Arguments copy = arguments;
    std::vector<char*> argv{program.data()};
    for (std::string& argument : copy) argv.push_back(argument.data());
    argv.push_back(nullptr);
    process_ = ::fork();
    if (process_ != 0) return;
    const int file = ::open(output_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    ::dup2(file, 1);
    ::dup2(file, 2);
    if (before) before();
    ::execv(program.c_str(), argv.data());
    ::_exit(127);
  }
  Pretraining(const Pretraining&) = delete;
  Pretraining& operator=(const Pretraining&) = delete;
  ~Pretraining() {
    signal(SIGKILL);
    wait();
  }

  void signal(int number) const {
    if (process_ > 0) ::kill(process_, number);
  }
  bool running() {
    if (process_ > 0 && ::waitpid(process_, &status_, WNOHANG) == process_) process_ = 0;
    return process_ > 0;
  }
  /// The exit code; 128 + the signal that ended it.
  int wait() {
    if (process_ > 0) ::waitpid(process_, &status_, 0);
    process_ = 0;
    return WIFSIGNALED(status_) ? 128 + WTERMSIG(status_) : WEXITSTATUS(status_);
  }
  /// Waits until it has happened, or the program has ended.
  void until(const std::function<bool()>& happened) {
    while (!happened() && running()) std::this_thread::sleep_for(std::chrono::microseconds{200});
  }
  std::string said() const { return read_file(output_); }

 private:
  std::string output_;
  ::pid_t process_ = 0;
  int status_ = 0;
};

/// A folder of 24 small images in two classes; `bad` of them are no images.
inline void make_images(const std::string& folder, int bad = 0, int count = 24) {
  for (int i = 0; i < count; ++i)
    write_below(folder + (i % 2 ? "/a/" : "/b/") + std::to_string(100 + i) + ".png",
                i < bad ? "not an image" : png(picture(3, 40, 36 + i % 5, i)));
}

/// A model that takes a step in milliseconds, with all that draws: colours, masks, drop path.
inline Arguments tiny(const std::string& data, const std::string& output) {
  return {"-a",
          "vit_tiny",
          "--dim",
          "32",
          "--depth",
          "2",
          "--heads",
          "2",
          "--img-size",
          "32",
          "--patch-size",
          "8",
          "--mlp-dim",
          "64",
          "--proj-dim",
          "32",
          "--num-masks",
          "2",
          "--mask-ratio",
          "0.75",
          "-b",
          "8",
          "--lr",
          "0.02",
          "--drop_path_rate",
          "0.3",
          "--threads",
          "1",
          "--save-freq",
          "1",
          "-p",
          "1",
          "--health-images",
          "8",
          "--output_dir",
          output,
          data};
}

inline std::string checkpoint(const std::string& output) {
  return output + "/checkpoint.safetensors";
}

/// Of a file in bytes; 0 where there is none.
inline std::uintmax_t size_of(const std::string& path) {
  std::error_code none;
  const auto size = std::filesystem::file_size(path, none);
  return none ? 0 : size;
}

/// A checkpoint's tensors in one string: name, shape, bytes.
inline std::string tensors(const std::string& path) {
  const extrema::io::Safetensors file{path};
  std::string result;
  for (const auto& tensor : file.tensors()) {
    result += tensor.name();
    for (const auto size : tensor.shape()) result += " " + std::to_string(size);
    std::vector<float> values(static_cast<std::size_t>(tensor.size()));
    tensor.copy_to(std::span{values});
    result.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
  }
  return result;
}

/// The lines of metrics.jsonl without their times.
inline std::string metrics(const std::string& output) {
  std::string result;
  for (auto line : extrema::io::read_json_lines(output + "/metrics.jsonl")) {
    line.erase("time");
    result += line.dump() + "\n";
  }
  return result;
}

/// The exit code of a run to its end; INFO shows what it said.
inline int finish(const Arguments& arguments, const TemporaryFolder& folder) {
  Pretraining run{arguments, folder / "said"};
  const int code = run.wait();
  if (code != 0) MESSAGE(run.said());
  return code;
}

inline bool half_written(const std::string& folder) {
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator{folder, none})
    if (entry.path().extension() == ".extrema-tmp") return true;
  return false;
}

/// Starts the run into folder/killed, waits until it trains and then for the moment, and kills it:
/// whether it had not ended before.
inline bool kill_at(const Arguments& arguments, const TemporaryFolder& folder,
                    const std::function<void(Pretraining&)>& moment) {
  Pretraining run{arguments, folder / "said"};
  const std::string log = folder / "killed/metrics.jsonl";
  const auto before = size_of(log);
  run.until([&] { return size_of(log) > before; });
  moment(run);
  run.signal(SIGKILL);
  return run.wait() != 0;
}

/// For up to 20 ms.
inline void sleep_awhile(std::mt19937& random) {
  std::this_thread::sleep_for(std::chrono::microseconds{random() % 20000});
}
