// SPDX-License-Identifier: MIT
// What may watch a run: any object with some of the functions below; the others need not be there.
//
//   restore(run)        before anything: a checkpoint is read here
//   begin(run)          the run is where it will go on from
//   step(run, record)   after every step; may add to record.extra, and may stop the run
//   epoch(run, record)  after the last step of an epoch; the same
//   record(run, record)  the record is complete: write it down
//   save(run, record)   all is written down: save what a restart needs
//   end(run)            after the last step, or when the run was stopped
//
// `run` is a train::Run, `record` a StepRecord, const from record() on. To stop after 100 steps:
//
//   struct Until100 {
//     void step(auto& run, auto&) { if (run.step() >= 100) run.stop(); }
//   };
//
// A phase is called for all callbacks, in the order in which they are given to fit(), before the
// next one begins.
#pragma once

#include <type_traits>

#include "extrema/train/record.hpp"

namespace extrema::train {

namespace detail {

template <class C, class R>
concept Restores = requires(C& c, R& run) {
  c.restore(run);
};
template <class C, class R>
concept Begins = requires(C& c, R& run) {
  c.begin(run);
};
template <class C, class R>
concept WatchesSteps = requires(C& c, R& run, StepRecord& record) {
  c.step(run, record);
};
template <class C, class R>
concept WatchesEpochs = requires(C& c, R& run, StepRecord& record) {
  c.epoch(run, record);
};
template <class C, class R>
concept Records = requires(C& c, R& run, const StepRecord& record) {
  c.record(run, record);
};
template <class C, class R>
concept Saves = requires(C& c, R& run, const StepRecord& record) {
  c.save(run, record);
};
template <class C, class R>
concept Ends = requires(C& c, R& run) {
  c.end(run);
};

/// All names. What inherits one of them from a callback as well cannot use it, which tells that the
/// callback has it, whatever it takes.
struct Phases {
  void restore();
  void begin();
  void step();
  void epoch();
  void record();
  void save();
  void end();
};
template <class C>
struct Twice : C, Phases {};

}  // namespace detail

template <class C, class Run>
concept Callback = detail::Restores<C, Run> || detail::Begins<C, Run> ||
    detail::WatchesSteps<C, Run> || detail::WatchesEpochs<C, Run> || detail::Records<C, Run> ||
    detail::Saves<C, Run> || detail::Ends<C, Run>;

/// Whether each phase that C has a function for can be called: one that takes something else would
/// never be.
template <class C, class Run>
consteval bool fits_phases() {
  using namespace detail;
  if constexpr (!std::is_class_v<C> || std::is_final_v<C>) {
    return true;  // nothing inherits from it, so nobody can tell
  } else {
    using D = Twice<C>;
    return (Restores<C, Run> || requires { &D::restore; }) &&
           (Begins<C, Run> || requires { &D::begin; }) &&
           (WatchesSteps<C, Run> || requires { &D::step; }) &&
           (WatchesEpochs<C, Run> || requires { &D::epoch; }) &&
           (Records<C, Run> || requires { &D::record; }) &&
           (Saves<C, Run> || requires { &D::save; }) && (Ends<C, Run> || requires { &D::end; });
  }
}

}  // namespace extrema::train
