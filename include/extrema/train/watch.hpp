// SPDX-License-Identifier: MIT
// Takes the steps of a run and calls its callbacks, phase by phase (train/callbacks.hpp).
#pragma once

#include <exception>
#include <tuple>

#include "extrema/train/stepper.hpp"

namespace extrema::train::detail {

template <class Run, class... Callbacks>
class Watch {
 public:
  Watch(Run& run, Callbacks&... callbacks) : run_{run}, callbacks_{callbacks...} {}

  void begin() {
    each([&](auto& c) {
      if constexpr (requires { c.restore(run_); }) c.restore(run_);
    });
    each([&](auto& c) {
      if constexpr (requires { c.begin(run_); }) c.begin(run_);
    });
  }

  void steps() {
    Stepper stepper{run_};
    try {
      while (!run_.finished() && !run_.stopping()) take(stepper);
    } catch (...) {
      rescue();
      throw;
    }
  }

  void end() {
    each([&](auto& c) {
      if constexpr (requires { c.end(run_); }) c.end(run_);
    });
  }

 private:
  void each(const auto& call) {
    std::apply([&](auto&... callback) { (call(callback), ...); }, callbacks_);
  }

  void take(Stepper<Run>& stepper) {
    record_ = stepper.take();
    each([&](auto& c) {
      if constexpr (requires { c.step(run_, record_); }) c.step(run_, record_);
    });
    if (run_.step() % run_.steps_per_epoch() == 0)
      each([&](auto& c) {
        if constexpr (requires { c.epoch(run_, record_); }) c.epoch(run_, record_);
      });
    write_down();
    save();
  }

  /// By all, also where one of them fails.
  void write_down() {
    written_ = record_.step;
    std::exception_ptr first;
    each([&](auto& c) {
      if constexpr (requires { c.record(run_, complete()); }) {
        try {
          c.record(run_, complete());
        } catch (...) {
          if (!first) first = std::current_exception();
        }
      }
    });
    if (first) std::rethrow_exception(first);
  }

  void save() {
    saving_ = true;
    each([&](auto& c) {
      if constexpr (requires { c.save(run_, complete()); }) c.save(run_, complete());
    });
    saving_ = false;
  }

  /// After a failure what the last step gave is saved; not within a step, whose state is neither
  /// the last nor the next one's. The first reason is the one to tell.
  void rescue() {
    if (record_.step == 0 || record_.step != run_.step() || saving_) return;
    run_.stop();
    try {
      if (written_ != record_.step) write_down();
    } catch (...) {
    }
    try {
      save();
    } catch (...) {
    }
  }

  const StepRecord& complete() const { return record_; }

  Run& run_;
  std::tuple<Callbacks&...> callbacks_;
  StepRecord record_;
  Index written_ = 0;  // the last step whose record was written down
  bool saving_ = false;
};

}  // namespace extrema::train::detail
