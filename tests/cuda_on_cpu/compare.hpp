// SPDX-License-Identifier: MIT
// One operation on two backends, with the same data: what differs between their outputs.
//
//   compare::Backends<cpu::Device, plain::Device<fp32>> both;  // expected, found
//   const auto gelu = [](Index rows, Index width) {
//     return [=]<class D>(compare::Data<D>& data) {
//       return ops::Gelu<Scalar<D>>{.x = data.input(rows, width),
//                                   .y = data.output("y", rows, width)};
//     };
//   };
//   for (const Index rows : {1, 31, 257}) CHECK(both.difference(gelu(rows, 48), {1e-6}) == "");
//
// The function is called once for each backend. What it asks of `data` becomes memory of that
// device, of the type that the operation's field has, with the same values on both:
//
//   data.input(rows, cols)           random; must be as it was afterwards
//   data.output("y", rows, cols)     not a number before; compared
//   data.inout("sum", rows, cols)    random; compared. A Gradient of it accumulates
//   data.given(values, rows, cols)   what a test says; data.given("loss", values) is compared too
//   data.sequences({3, 0, 17})       packed sequences of these lengths, and
//   data.views({3, 0, 17}, 16, 2)    the patches that they show, of a grid of 16, of 2 images
//
// An argument may be named twice, where operations may alias: const auto y = data.inout(...).
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <type_traits>
#include <vector>

#include "compare_data.hpp"
#include "extrema/core/geometry.hpp"
#include "extrema/ops/run.hpp"

namespace compare {

/// |found - expected| <= arithmetic (|expected| + the output's root mean square): rounding errors
/// of a sum are a share of its terms, not of its value. Where the output's type is narrower than
/// float, single elements may be rounded to the other side too.
struct Bound {
  double arithmetic = 1e-5;
};

/// Empty, or how an output differs from what was expected.
inline std::string difference(const Output& expected, const Output& found, Bound bound) {
  const std::size_t size = expected.values.size();
  double square = 0;
  for (const double value : expected.values)
    if (std::isfinite(value)) square += value * value / static_cast<double>(size);
  // Numbers next to the middle between two of a narrow type may be rounded either way, and few are.
  const bool same_type = expected.epsilon == found.epsilon;
  const double step = std::max(expected.epsilon, found.epsilon) / (same_type ? 1 : 2);
  const std::size_t few = same_type ? 2 + size / 32 : size;
  std::size_t wrong = 0, rounded = 0, first = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const double want = expected.values[i], got = found.values[i], error = std::abs(got - want);
    if (got == want || (std::isnan(got) && std::isnan(want))) continue;
    const double allowed = bound.arithmetic * (std::abs(want) + std::sqrt(square));
    if (error <= allowed) continue;
    if (bound.arithmetic > 0 && error <= allowed + step * std::abs(want) && ++rounded <= few)
      continue;
    if (wrong++ == 0) first = i;
  }
  if (wrong == 0) return {};
  const auto cols = static_cast<std::size_t>(expected.cols);
  return text(expected.name, " (", expected.rows, ", ", expected.cols, "): ", wrong, " of ", size,
              " elements differ by more than ", bound.arithmetic, " (|expected| + ",
              std::sqrt(square), "), the first in row ", first / cols, ", column ", first % cols,
              ": expected ", expected.values[first], ", found ", found.values[first]);
}

template <class Expected, class Found>
class Backends {
 public:
  using Wide = extrema::Wide<Found>;

  Expected& expected() { return expected_; }
  Found& found() { return found_; }

  /// Empty where every output agrees and every input is left as it was; or what does not.
  template <class Build>
  [[nodiscard]] std::string difference(const Build& build, Bound bound) {
    return compared(build, bound, in_place);
  }

  /// What an operation makes on the first backend: arguments of another (`data.given`).
  template <class Build>
  std::vector<Output> prepared(const Build& build) {
    return outputs(expected_, build, in_place).outputs;
  }

  /// `difference` of an operation that runs as those of a step do: four times on the same memory,
  /// the last two or three by a captured graph.
  template <class Build>
  [[nodiscard]] std::string replayed(const Build& build, Bound bound) {
    return compared(build, bound, []<class D>(D& device, const auto& op) {
      typename D::Replay replay;
      for (int i = 0; i < 4; ++i) {
        if (device.workspace().compact()) replay.forget();
        replay(device, Geometry{}, [&] { ops::run(device, op); });
      }
      device.synchronise();  // before the graph is destroyed
    });
  }

  /// Empty where `Found` makes the same bits again.
  template <class Build>
  [[nodiscard]] std::string repetition(const Build& build) {
    const Run once = outputs(found_, build, in_place), again = outputs(found_, build, in_place);
    return compared(once, again, {0});
  }

 private:
  static constexpr auto in_place = [](auto& device, const auto& op) { ops::run(device, op); };

  /// What a run of one backend left, and what is wrong with it by itself.
  struct Run {
    std::string name;
    std::string fault;
    std::vector<Output> outputs;
  };

  template <class Build, class Way>
  std::string compared(const Build& build, Bound bound, const Way& way) {
    return compared(outputs(expected_, build, way), outputs(found_, build, way), bound);
  }
  static std::string compared(const Run& expected, const Run& found, Bound bound) {
    if (!expected.fault.empty()) return text(expected.name, ": ", expected.fault, " (expected)");
    if (!found.fault.empty()) return text(found.name, ": ", found.fault);
    for (std::size_t i = 0; i < expected.outputs.size(); ++i) {
      const std::string what = compare::difference(expected.outputs[i], found.outputs[i], bound);
      if (!what.empty()) return text(expected.name, ": ", what);
    }
    return expected.outputs.empty() ? text(expected.name, ": the test names no output")
                                    : std::string{};
  }

  template <class Device, class Build, class Way>
  static Run outputs(Device& device, const Build& build, const Way& way) {
    Data<Device> data{device, &rounded};
    const auto operation = build(data);
    way(device, operation);
    device.synchronise();
    Run run{operation.name, data.changed(), data.outputs()};
    for (const Output& output : run.outputs)
      for (const double value : output.values)
        if (output.numbers && std::isnan(value))
          run.fault = text(output.name, " has elements that were not written, or are not numbers");
    return run;
  }

  /// Devices of the same format see all digits; of two formats, what both can hold.
  static double rounded(double value) {
    using A = Scalar<Expected>;
    using B = Scalar<Found>;
    if constexpr (std::is_same_v<A, B>) return value;
    else return static_cast<double>(static_cast<A>(static_cast<double>(static_cast<B>(value))));
  }

  Expected expected_;
  Found found_;
};

}  // namespace compare
