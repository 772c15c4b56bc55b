// SPDX-License-Identifier: MIT
// A researcher's loss with a memory: targets are taken relative to their running mean, as DINO
// (arXiv 2104.14294) centres its teacher.   N predictions, C targets, P features
#include "extrema/loss/running.hpp"

#include <doctest/doctest.h>

#include "../checked_device.hpp"
#include "extrema/loss/byol.hpp"
#include "extrema/ops/flat.hpp"

using namespace extrema;

namespace {

struct Centred {
  double momentum = 0.9;

  template <class Device>
  class State;

  /// Two operations of one's own: y = x - centre, ...
  template <class W>
  struct Subtract {
    static constexpr const char* name = "subtract";
    Matrix<const W> x;       // (N, P)
    Matrix<const W> centre;  // (1, P)
    Matrix<W> y;             // (N, P)
    constexpr bool valid() const { return same_shape(x, y) && x.cols == centre.cols; }
  };
  /// ... and centre += (1 - momentum) (mean of x - centre), unless *factor is 0.
  template <class W>
  struct Move {
    static constexpr const char* name = "move";
    Matrix<const W> x;  // (C, P)
    double momentum;
    const double* factor;
    Matrix<W> centre;  // (1, P)
    constexpr bool valid() const { return x.cols == centre.cols && factor; }
  };

  template <class P, class G, class W>
  friend void launch(cpu::BasicDevice<P, G>&, const Subtract<W>& op) {
    for (Index i = 0; i < op.x.rows; ++i)
      cpu::row(op.y.row(i), op.x.cols) =
          cpu::row(op.x.row(i), op.x.cols) - cpu::row(op.centre.data, op.x.cols);
  }
  template <class P, class G, class W>
  friend void launch(cpu::BasicDevice<P, G>&, const Move<W>& op) {
    if (*op.factor == 0) return;
    for (Index j = 0; j < op.x.cols; ++j) {
      double mean = 0;
      for (Index i = 0; i < op.x.rows; ++i) mean += static_cast<double>(op.x.row(i)[j]);
      mean /= static_cast<double>(op.x.rows);
      op.centre.data[j] +=
          static_cast<W>((1 - op.momentum) * (mean - static_cast<double>(op.centre.data[j])));
    }
  }
};

template <class Device>
class Centred::State {
 public:
  State(Device& device, const Centred& recipe, Index features)
      : momentum_{recipe.momentum}, centre_{features} {
    ops::run(device, ops::Zero<Wide<Device>>{centre_.view()});
  }

  void operator()(Device& device, WideInput<Device> prediction,
                  const loss::Targets<Device>& targets, double weight, double* value,
                  WideTensor<Device> grad) const {
    const Scope scope{device.workspace()};
    const auto own = targets.own();
    const auto centred = take_wide(device, own.rows, own.cols);
    ops::run(device, Subtract<Wide<Device>>{own, centre_.view(), centred});
    loss::Byol{}(device, prediction, loss::Targets<Device>{centred, 0, own.rows}, weight, value,
                 grad);
  }

  void remember(Device& device, WideInput<Device> targets, const double* gradient_factor) {
    ops::run(device, Move<Wide<Device>>{targets, momentum_, gradient_factor, centre_.view()});
  }

  std::array<StateBuffer<Device>, 1> buffers() const { return {{{"centre", centre_.view()}}}; }

 private:
  double momentum_;
  Buffer<Wide<Device>, typename Device::Memory> centre_;
};

using Device = CheckedDevice<fp64>;
static_assert(loss::HasState<Centred, Device>);
static_assert(loss::RemembersTargets<Centred::State<Device>, Device>);
static_assert(!loss::HasState<loss::Byol, Device>);
static_assert(loss::ComparesFeatures<loss::Running<Centred, Device>, Device>);
static_assert(loss::ComparesFeatures<loss::Running<loss::Byol, Device>, Device>);

constexpr std::array<double, 4> q{1, 2, 3, 4}, k{4, 1, 2, 8};  // two rows of two

double value(Device& device, const auto& loss) {
  double result = 0;
  std::array<double, 4> grad;
  loss(device, {q.data(), 2, 2}, {{k.data(), 2, 2}, 0, 2}, 1, &result, {grad.data(), 2, 2});
  return result;
}

}  // namespace

TEST_CASE("a loss without a memory runs as it is") {
  Device device;
  loss::Running<loss::Byol, Device> running{device, loss::Byol{}, 2};
  const double before = value(device, running), factor = 1;
  running.remember(device, {k.data(), 2, 2}, &factor);
  CHECK(value(device, running) == before);
  CHECK(running.buffers().empty());
}

TEST_CASE("a centre moves once a step, after the step, and not in a bad one") {
  Device device;
  loss::Running<Centred, Device> running{device, Centred{.momentum = 0.75}, 2};
  const double first = value(device, running);
  CHECK(first == value(device, loss::Running<loss::Byol, Device>{device, {}, 2}));
  CHECK(value(device, running) == first);  // not by the pieces of a step

  const double bad = 0, good = 1;
  const double* centre = running.buffers()[0].values.data;
  running.remember(device, {k.data(), 2, 2}, &bad);
  CHECK(centre[0] == 0);
  running.remember(device, {k.data(), 2, 2}, &good);
  CHECK(centre[0] == 0.25 * 3);
  CHECK(centre[1] == 0.25 * 4.5);
  CHECK(value(device, running) != first);
}
