// SPDX-License-Identifier: MIT
// Atomic operations. One thread runs at a time, so they are plain ones; the race checker is told
// that they are not.
#pragma once

#include <cstdint>
#include <type_traits>

#include "../failure.hpp"
#include "../race/watcher.hpp"

namespace emulator {

/// *address = change(*address); gives what was there.
template <class T, class Change>
__attribute__((no_sanitize("thread"))) T update(T* address, Change change) {
  if (reinterpret_cast<std::uintptr_t>(address) % sizeof(T) != 0)
    fail("an atomic operation is not aligned to its size");
  if (watcher()) watcher()->updates(address, sizeof(T));
  const T old = *address;
  *address = change(old);
  return old;
}

}  // namespace emulator

template <class T>
T atomicAdd(T* address, std::type_identity_t<T> value) {
  return emulator::update(address, [value](T old) { return static_cast<T>(old + value); });
}
template <class T>
T atomicSub(T* address, std::type_identity_t<T> value) {
  return emulator::update(address, [value](T old) { return static_cast<T>(old - value); });
}
template <class T>
T atomicMax(T* address, std::type_identity_t<T> value) {
  return emulator::update(address, [value](T old) { return old < value ? value : old; });
}
template <class T>
T atomicMin(T* address, std::type_identity_t<T> value) {
  return emulator::update(address, [value](T old) { return value < old ? value : old; });
}
template <class T>
T atomicOr(T* address, std::type_identity_t<T> value) {
  return emulator::update(address, [value](T old) { return static_cast<T>(old | value); });
}
template <class T>
T atomicAnd(T* address, std::type_identity_t<T> value) {
  return emulator::update(address, [value](T old) { return static_cast<T>(old & value); });
}
template <class T>
T atomicExch(T* address, std::type_identity_t<T> value) {
  return emulator::update(address, [value](T) { return value; });
}
template <class T>
T atomicCAS(T* address, std::type_identity_t<T> expected, std::type_identity_t<T> value) {
  return emulator::update(address,
                          [expected, value](T old) { return old == expected ? value : old; });
}
