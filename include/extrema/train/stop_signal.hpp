// SPDX-License-Identifier: MIT
// SIGINT and SIGTERM ask a run to end after its step, so that it can save itself.
#pragma once

#include <csignal>

namespace extrema::train {

/// A callback of fit(). While it lives the signals are its own; a second one of them ends the
/// program at once. (A signal handler can only reach a global: the one that the library has.)
class StopSignal {
 public:
  StopSignal() {
    received() = 0;
    for (int i = 0; i < 2; ++i) before_[i] = std::signal(signals[i], handle);
  }
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;
  ~StopSignal() {
    for (int i = 0; i < 2; ++i) std::signal(signals[i], before_[i]);
  }

  void step(auto& run, auto&) const {
    if (received()) run.stop();
  }
  /// The signal's number, or 0.
  static int number() { return received(); }

 private:
  static constexpr int signals[2] = {SIGINT, SIGTERM};

  static volatile std::sig_atomic_t& received() {
    static volatile std::sig_atomic_t signal = 0;
    return signal;
  }
  static void handle(int signal) {
    received() = signal;
    for (const int each : signals) std::signal(each, SIG_DFL);
  }

  void (*before_[2])(int) = {};
};

}  // namespace extrema::train
