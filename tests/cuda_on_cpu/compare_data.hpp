// SPDX-License-Identifier: MIT
// The data of one operation on one device, as a test says it (see compare.hpp).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "extrema/core/gradient.hpp"
#include "extrema/core/random.hpp"
#include "extrema/core/views.hpp"
#include "extrema/device/download.hpp"
#include "extrema/device/upload.hpp"
#include "extrema/ops/step.hpp"

namespace compare {

using namespace extrema;

/// How random elements are drawn.
using Draw = std::function<double(random::Stream&)>;

/// Of mean 0 and deviation 1, which is what most tensors of a network are like.
inline double normal(random::Stream& random) {
  const double radius = std::sqrt(-2 * std::log(random.uniform()));
  return radius * std::cos(6.283185307179586 * random.uniform());
}
inline Draw between(double low, double high) {
  return [=](random::Stream& random) { return low + (high - low) * random.uniform(); };
}
inline double pixel(random::Stream& random) { return random.below(256); }

template <class Device>
class Data;

/// Memory that an operation is given. What it is (matrix, gradient, pointer; of which type) is
/// decided by the field that it initialises.
template <class Device>
class Argument {
 public:
  template <class T>
  operator Matrix<T>() const {
    return {pointer<T>(), rows_, cols_};
  }
  template <class T>
  operator Gradient<T>() const {
    return {{pointer<T>(), rows_, cols_}, accumulates_};
  }
  template <class T>
  operator T*() const {
    return pointer<T>();
  }
  /// The same memory, for a gradient that does not accumulate.
  Argument overwritten() const {
    Argument copy = *this;
    copy.accumulates_ = false;
    return copy;
  }

 private:
  friend Data<Device>;
  Argument(Data<Device>& data, std::size_t number, Index rows, Index cols, bool accumulates)
      : data_{&data}, number_{number}, rows_{rows}, cols_{cols}, accumulates_{accumulates} {}

  template <class T>
  T* pointer() const {
    return data_->template memory<std::remove_const_t<T>>(number_);
  }

  Data<Device>* data_;
  std::size_t number_;
  Index rows_, cols_;
  bool accumulates_;
};

/// What an operation left in one of its outputs.
struct Output {
  std::string name;
  Index rows = 0, cols = 0;
  double epsilon = 0;    // of the type: the step from 1 to its next number; 0 for integers
  bool numbers = false;  // none of it may be NaN, as all of it was
  std::vector<double> values;
};

namespace detail {

template <class T>
concept Number = std::is_convertible_v<T, double>;

template <Number T>
double epsilon() {
  if constexpr (std::is_integral_v<T>) return 0;
  double step = 1;
  while (static_cast<double>(static_cast<T>(1 + step / 2)) > 1) step /= 2;
  return step;
}

}  // namespace detail

/// The arguments of one operation on one device.
template <class Device>
class Data {
 public:
  /// `round` makes of a drawn value one that both devices' formats hold exactly.
  Data(Device& device, double (*round)(double)) : device_{device}, round_{round} {}
  Data(const Data&) = delete;
  Data& operator=(const Data&) = delete;

  Argument<Device> input(Index rows, Index cols, const Draw& draw = normal) {
    return add({.rows = rows, .cols = cols, .values = drawn(rows * cols, draw)});
  }
  Argument<Device> output(std::string name, Index rows, Index cols) {
    const std::vector<double> nothing(static_cast<std::size_t>(rows * cols),
                                      std::numeric_limits<double>::quiet_NaN());
    return add(
        {.name = std::move(name), .rows = rows, .cols = cols, .fresh = true, .values = nothing});
  }
  Argument<Device> inout(std::string name, Index rows, Index cols, const Draw& draw = normal) {
    return add({.name = std::move(name),
                .rows = rows,
                .cols = cols,
                .accumulates = true,
                .values = drawn(rows * cols, draw)});
  }

  /// Numbers (or structs, such as ops::Segment) as they are. Numbers may initialise a pointer to a
  /// struct of doubles, such as ops::StepOutcome.
  template <class T>
  Argument<Device> given(const std::vector<T>& values, Index rows, Index cols) {
    return given({}, values, rows, cols);
  }
  template <class T>
  Argument<Device> given(const std::vector<T>& values) {
    return given({}, values, 1, static_cast<Index>(values.size()));
  }
  template <detail::Number T>
  Argument<Device> given(std::string name, const std::vector<T>& values) {
    return given(std::move(name), values, 1, static_cast<Index>(values.size()));
  }
  template <class T>
  Argument<Device> given(std::string name, const std::vector<T>& values, Index rows, Index cols) {
    Entry entry{
        .name = std::move(name), .rows = rows, .cols = cols, .accumulates = true, .values = {}};
    if constexpr (detail::Number<T>) entry.values.assign(values.begin(), values.end());
    else entry.bytes.assign(bytes(values), bytes(values) + values.size() * sizeof(T));
    return add(std::move(entry));
  }

  Sequences sequences(const std::vector<int>& lengths) {
    std::vector<int> offsets{0}, sample, view;
    Sequences result{.count = static_cast<Index>(lengths.size())};
    for (const int length : lengths) {
      sample.push_back(1000 + 7 * static_cast<int>(view.size()));
      view.push_back(static_cast<int>(view.size()) % 3);
      offsets.push_back(offsets.back() + length);
      result.longest = std::max(result.longest, Index{length});
    }
    result.tokens = offsets.back();
    result.offsets = given(offsets);
    result.sample = given(sample);
    result.view = given(view);
    return result;
  }
  Views views(const std::vector<int>& lengths, int patches, int images) {
    Views result{.sequences = sequences(lengths)};
    const auto below = [](int n) {
      return [n](random::Stream& random) -> double {
        return random.below(static_cast<std::uint32_t>(n));
      };
    };
    result.image = input(1, result.sequences.count, below(images));
    result.patch = input(1, result.sequences.tokens, below(patches));
    return result;
  }

  /// For a function that prepares arguments by operations of its own.
  Device& device() { return device_; }

  /// Empty, or which input is not what it was.
  std::string changed() const {
    for (std::size_t i = 0; i < entries_.size(); ++i)
      if (entries_[i].name.empty() && entries_[i].changed && entries_[i].changed())
        return text("its input number ", i, " (from 0, of those named in the test) was written to");
    return {};
  }
  std::vector<Output> outputs() const {
    std::vector<Output> all;
    for (const Entry& entry : entries_)
      if (!entry.name.empty() && entry.read) all.push_back(entry.read());
    return all;
  }

 private:
  friend Argument<Device>;

  struct Entry {
    std::string name = {};  // of an output; empty: an input
    Index rows = 0, cols = 0;
    bool accumulates = false, fresh = false;
    std::vector<double> values;         // of numbers
    std::vector<std::byte> bytes = {};  // of anything else
    std::shared_ptr<void> owner = {};
    void* memory = nullptr;
    std::function<bool()> changed = {};
    std::function<Output()> read = {};
  };

  template <class T>
  static const std::byte* bytes(const std::vector<T>& values) {
    return reinterpret_cast<const std::byte*>(values.data());
  }

  Argument<Device> add(Entry entry) {
    entries_.push_back(std::move(entry));
    const Entry& e = entries_.back();
    return {*this, entries_.size() - 1, e.rows, e.cols, e.accumulates};
  }
  std::vector<double> drawn(Index count, const Draw& draw) const {
    random::Stream random{1, random::Purpose::init, 0, static_cast<std::uint32_t>(entries_.size())};
    std::vector<double> values(static_cast<std::size_t>(count));
    for (double& value : values) value = round_(draw(random));
    return values;
  }

  /// The argument's memory, which is made when its type becomes known.
  template <class T>
  T* memory(std::size_t number) {
    Entry& entry = entries_[number];
    if (!entry.memory) {
      if constexpr (detail::Number<T>) make(entry, converted<T>(entry.values));
      else if (entry.bytes.empty()) make(entry, entry.values);
      else make(entry, entry.bytes);
    }
    return static_cast<T*>(entry.memory);
  }
  template <class T>
  static std::vector<T> converted(const std::vector<double>& values) {
    std::vector<T> result;
    for (const double value : values)
      result.push_back(static_cast<T>(std::isnan(value) && std::is_integral_v<T> ? 99.0 : value));
    return result;
  }
  /// (Room for one element at least: a view of no memory would be an absent argument.)
  template <class T>
  void make(Entry& entry, std::vector<T> values) {
    const auto count = static_cast<Index>(values.size());
    std::vector<T> padded = values;
    if (padded.empty()) padded.push_back(T{});
    auto buffer = std::make_shared<Buffer<T, typename Device::Memory>>(upload(device_, padded));
    entry.memory = buffer->data();
    const Matrix<const T> all{buffer->data(), 1, count};
    entry.changed = [this, all, before = std::move(values)] {
      const std::vector<T> now = download(device_, all);
      return !now.empty() && std::memcmp(now.data(), before.data(), now.size() * sizeof(T)) != 0;
    };
    if constexpr (detail::Number<T>)
      entry.read =
          [this, all,
           as = Output{entry.name, entry.rows, entry.cols, detail::epsilon<T>(), entry.fresh, {}}] {
            const std::vector<T> now = download(device_, all);
            Output output = as;
            output.values.assign(now.begin(), now.end());
            return output;
          };
    entry.owner = std::move(buffer);
  }

  Device& device_;
  double (*round_)(double);
  std::vector<Entry> entries_;
};

}  // namespace compare
