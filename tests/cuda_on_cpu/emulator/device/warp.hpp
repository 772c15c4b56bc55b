// SPDX-License-Identifier: MIT
// Shuffles, votes and reductions of a warp. What a lane comes with lies on its own stack, where the
// last lane to arrive reads it and writes the result.
#pragma once

#include <array>
#include <type_traits>

#include "../kernel_thread.hpp"

namespace emulator {

inline constexpr unsigned warp_lanes = 32;

template <class T>
struct Shuffled {
  T value;
  T result;
  unsigned source;  // the lane whose value is the result
};

template <class T>
void complete_shuffle(void* const* lanes) {
  for (unsigned i = 0; i < warp_lanes; ++i) {
    if (!lanes[i]) continue;
    auto& mine = *static_cast<Shuffled<T>*>(lanes[i]);
    if (!lanes[mine.source]) fail("a shuffle reads a lane that is not in the mask or has exited");
    mine.result = static_cast<const Shuffled<T>*>(lanes[mine.source])->value;
  }
}

template <class T>
T shuffle(unsigned mask, T value, unsigned source, Place place) {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 8,
                "shuffles take types of up to 8 bytes");
  Shuffled<T> mine{value, value, source};
  meet_in_warp(mask, &mine, complete_shuffle<T>, Orders::nothing, place);
  return mine.result;
}

/// The first lane of the segment of `width` lanes that this one is in.
inline unsigned segment(int width) { return lane() & ~(static_cast<unsigned>(width) - 1); }

/// All lanes give a value; `combine(values, lanes' numbers, count)` is the result of each.
template <class R, class T, class Combine>
R combined(unsigned mask, T value, Combine, Place place) {
  struct Given {
    T value;
    R result;
  } mine{value, R{}};
  const auto complete = [](void* const* lanes) {
    std::array<T, warp_lanes> values{};
    std::array<unsigned, warp_lanes> numbers{};
    unsigned count = 0;
    for (unsigned i = 0; i < warp_lanes; ++i) {
      if (!lanes[i]) continue;
      values[count] = static_cast<const Given*>(lanes[i])->value;
      numbers[count++] = i;
    }
    const R result = Combine{}(values, numbers, count);
    for (unsigned k = 0; k < count; ++k) static_cast<Given*>(lanes[numbers[k]])->result = result;
  };
  meet_in_warp(mask, &mine, complete, Orders::nothing, place);
  return mine.result;
}

/// A fold of the lanes' values by `Two{}(a, b)`.
template <class T, class Two>
T folded(unsigned mask, T value, Two, Place place) {
  const auto fold = [](const auto& values, const auto&, unsigned count) {
    T result = values[0];
    for (unsigned k = 1; k < count; ++k) result = Two{}(result, values[k]);
    return result;
  };
  return combined<T>(mask, value, fold, place);
}

}  // namespace emulator

template <class T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32,
              emulator::Place place = emulator::Place::here()) {
  const unsigned inside = static_cast<unsigned>(source) & (static_cast<unsigned>(width) - 1);
  return emulator::shuffle(mask, value, emulator::segment(width) | inside, place);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int bits, int width = 32,
                  emulator::Place place = emulator::Place::here()) {
  const unsigned self = emulator::lane(), other = (self ^ static_cast<unsigned>(bits)) % 32;
  const bool beyond = other >= emulator::segment(width) + static_cast<unsigned>(width);
  return emulator::shuffle(mask, value, beyond ? self : other, place);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned distance, int width = 32,
                   emulator::Place place = emulator::Place::here()) {
  const unsigned self = emulator::lane(), other = self + distance;
  const bool beyond = other >= emulator::segment(width) + static_cast<unsigned>(width);
  return emulator::shuffle(mask, value, beyond ? self : other, place);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned distance, int width = 32,
                 emulator::Place place = emulator::Place::here()) {
  const unsigned self = emulator::lane();
  const bool beyond = self < emulator::segment(width) + distance;
  return emulator::shuffle(mask, value, beyond ? self : self - distance, place);
}

inline unsigned __ballot_sync(unsigned mask, int predicate,
                              emulator::Place place = emulator::Place::here()) {
  const auto bits = [](const auto& values, const auto& numbers, unsigned count) {
    unsigned result = 0;
    for (unsigned k = 0; k < count; ++k)
      if (values[k] != 0) result |= 1u << numbers[k];
    return result;
  };
  return emulator::combined<unsigned>(mask, predicate, bits, place);
}
inline int __any_sync(unsigned mask, int predicate,
                      emulator::Place place = emulator::Place::here()) {
  return __ballot_sync(mask, predicate, place) != 0;
}
inline int __all_sync(unsigned mask, int predicate,
                      emulator::Place place = emulator::Place::here()) {
  return __ballot_sync(mask, predicate == 0, place) == 0;
}
template <class T>
T __reduce_add_sync(unsigned mask, T value, emulator::Place place = emulator::Place::here()) {
  return emulator::folded(
      mask, value, [](T a, T b) { return static_cast<T>(a + b); }, place);
}
template <class T>
T __reduce_max_sync(unsigned mask, T value, emulator::Place place = emulator::Place::here()) {
  return emulator::folded(
      mask, value, [](T a, T b) { return a < b ? b : a; }, place);
}
template <class T>
T __reduce_min_sync(unsigned mask, T value, emulator::Place place = emulator::Place::here()) {
  return emulator::folded(
      mask, value, [](T a, T b) { return b < a ? b : a; }, place);
}
