// SPDX-License-Identifier: MIT
// How training goes, in one line: rewritten on a terminal, else a plain line every few seconds.
#pragma once

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "extrema/core/text.hpp"
#include "extrema/train/record.hpp"

namespace extrema::train {

/// "1:02:03", "2:03", "0:09"; days before hours.
inline std::string duration_text(double seconds) {
  if (!(seconds < 1e9)) return "?";
  const auto s = static_cast<long>(seconds + 0.5);
  char digits[48];
  if (s >= 86400) std::snprintf(digits, sizeof digits, "%ld d %ld h", s / 86400, s / 3600 % 24);
  else if (s >= 3600)
    std::snprintf(digits, sizeof digits, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
  else std::snprintf(digits, sizeof digits, "%ld:%02ld", s / 60, s % 60);
  return digits;
}

/// The progress of a run. Speed and time left follow the clock, evaluations and pauses included.
class Progress {
 public:
  struct Options {
    std::FILE* out = stderr;
    std::optional<bool> terminal = {};    // none: what `out` is
    std::optional<double> interval = {};  // seconds between lines; none: 0.1, or 10 if plain
    std::function<double()> clock = steady_seconds;  // seconds from any moment
  };

  Progress() : Progress{Options{}} {}
  explicit Progress(Options options)
      : options_{std::move(options)},
        terminal_{options_.terminal.value_or(is_terminal(options_.out))},
        interval_{options_.interval.value_or(terminal_ ? 0.1 : 10)},
        before_{options_.clock()} {}
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { end_line(); }

  /// Call after each step; mostly it only looks at the clock.
  void update(const StepRecord& record) {
    const double now = options_.clock();
    ++count_;
    // the mean of all steps at first, later of the last hundred or so
    const double share = std::max(1.0 / static_cast<double>(count_), 0.01);
    seconds_ += share * (now - before_ - seconds_);
    before_ = now;
    const bool last = record.step == record.steps;
    if (count_ > 1 && now < shown_ + interval_ && !last) return;
    shown_ = now;
    show(record);
    if (last) end_line();
  }

  /// As a callback of fit(): that there is nothing to do, what could not be read, the step, and
  /// what was evaluated.
  void begin(auto& run) {
    if (run.finished())
      note(text("all ", run.steps(), " steps are taken: nothing is left to train"));
  }
  void record(auto&, const StepRecord& record) {
    for (const std::string& line : record.skipped) note("skipped: " + line);
    update(record);
    if (record.extra.empty()) return;
    std::string line = text("epoch ", record.progress, ":");
    for (const auto& [name, value] : record.extra) line += text(" ", name, " ", value);
    note(line);
  }

  /// A line of its own, above the one that is rewritten.
  void note(std::string_view line) {
    if (open_) std::fputs("\r\x1b[K", options_.out);
    open_ = false;
    std::fprintf(options_.out, "%.*s\n", static_cast<int>(line.size()), line.data());
    std::fflush(options_.out);
  }

 private:
  static double steady_seconds() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration<double>(now).count();
  }
  static bool is_terminal(std::FILE* out) {
    const char* const kind = std::getenv("TERM");
    return ::isatty(::fileno(out)) == 1 && !(kind && std::string_view{kind} == "dumb");
  }
  std::size_t width() const {
    winsize size = {};
    const bool known = ::ioctl(::fileno(options_.out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return known ? size.ws_col : 80u;
  }

  void end_line() {
    if (open_) std::fputc('\n', options_.out);
    std::fflush(options_.out);
    open_ = false;
  }

  void show(const StepRecord& r) {
    char loss[32], speed[32];
    std::snprintf(loss, sizeof loss, "%.4f", r.loss);
    const double images = static_cast<double>(r.batch) / std::max(seconds_, 1e-9);
    std::snprintf(speed, sizeof speed, images < 10 ? "%.1f" : "%.0f", images);
    const double left = static_cast<double>(r.steps - r.step) * seconds_;
    const std::string head = text("epoch ", r.epoch + 1, "/", r.epochs);
    const std::string tail =
        text("loss ", loss, ", ", speed, " images/s, ", duration_text(left), " left");
    if (!terminal_) {
      std::fprintf(options_.out, "%s, step %td/%td, %s\n", head.c_str(), r.step, r.steps,
                   tail.c_str());
      std::fflush(options_.out);
      return;
    }
    const double done =
        r.steps > 0 ? static_cast<double>(r.step) / static_cast<double>(r.steps) : 0;
    std::string line = text(head, " ", bar(done, head.size() + tail.size()), tail);
    line.resize(std::min(line.size(), width() - 1));
    std::fprintf(options_.out, "\r%s\x1b[K", line.c_str());
    std::fflush(options_.out);
    open_ = true;
  }

  /// Between what stands before and after it: "[=====>    ]  54 % ", or less where that is narrow.
  std::string bar(double done, std::size_t beside) const {
    char percent[16];
    std::snprintf(percent, sizeof percent, "%3.0f %% ", std::floor(100 * done));
    const std::size_t taken = beside + 11;  // spaces, brackets, the percentage, the last column
    const std::size_t room = std::min<std::size_t>(width() > taken ? width() - taken : 0, 30);
    if (room < 5) return percent;
    const auto filled = static_cast<std::size_t>(done * static_cast<double>(room));
    std::string marks(filled, '=');
    if (filled < room) marks += '>';
    marks.resize(room, ' ');
    return text("[", marks, "] ", std::string_view{percent});
  }

  Options options_;
  bool terminal_;
  double interval_;
  double before_;       // the time of the last step
  double shown_ = 0;    // the time of the last line
  double seconds_ = 0;  // a step takes
  Index count_ = 0;     // steps since this object was made
  bool open_ = false;   // the cursor stands in a line that will be rewritten
};

}  // namespace extrema::train
