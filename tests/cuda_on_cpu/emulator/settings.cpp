// SPDX-License-Identifier: MIT
#include "settings.hpp"

#include <cstdlib>

namespace emulator {

static std::uint64_t number(const char* name, std::uint64_t otherwise) {
  const char* const value = std::getenv(name);
  return value ? std::strtoull(value, nullptr, 0) : otherwise;
}

const Settings& settings() {
  static const Settings read = [] {
    Settings s;
    s.order = static_cast<Order>(number("EMU_ORDER", 0));
    s.seed = number("EMU_SEED", s.seed);
    s.eager = number("EMU_EAGER", 0) != 0;
    s.devices = static_cast<int>(number("EMU_DEVICES", 4));
    s.capability = static_cast<int>(number("EMU_CAPABILITY", 90));
    s.patience = static_cast<int>(number("EMU_PATIENCE", 10));
    s.driver = number("EMU_DRIVER", 1) != 0;
    s.vector_sums = number("EMU_BGRAD", 1) != 0;
    s.memory = number("EMU_MEMORY", s.memory >> 20) << 20;
    return s;
  }();
  return read;
}

std::uint64_t random_bits() {  // splitmix64
  constexpr std::uint64_t golden = 0x9E3779B97F4A7C15ull;
  static std::uint64_t state = settings().seed * golden + 1;
  std::uint64_t z = (state += golden);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

}  // namespace emulator
