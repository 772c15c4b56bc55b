// SPDX-License-Identifier: MIT
// Counter-based randomness: a draw is a pure function of what it is for. Philox 4x32-10 (Salmon et
// al., SC 2011).
#pragma once

#include <cstdint>

#include "extrema/core/config.hpp"

namespace extrema::random {

/// N words. (Not std::array, whose functions kernels may not call.)
template <int n>
struct Words {
  std::uint32_t word[n];

  EXTREMA_HOST_DEVICE constexpr std::uint32_t& operator[](std::uint32_t i) { return word[i]; }
  EXTREMA_HOST_DEVICE constexpr std::uint32_t operator[](std::uint32_t i) const { return word[i]; }
  constexpr bool operator==(const Words&) const = default;
};
using Block = Words<4>;
using Key = Words<2>;

EXTREMA_HOST_DEVICE constexpr Block philox(Block counter, Key key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53u} * counter[0];
    const std::uint64_t b = std::uint64_t{0xCD9E8D57u} * counter[2];
    counter = {
        static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(b),
        static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(a)};
    key = {key[0] + 0x9E3779B9u, key[1] + 0xBB67AE85u};
  }
  return counter;
}

enum class Purpose : std::uint32_t { mask, crop, colour, drop_path, shuffle, init, substitute };

/// What the draws inside a step depend on. It lives in device memory, so that a captured graph
/// draws anew each time.
struct StepKey {
  std::uint64_t seed = 0;
  std::uint32_t step = 0;
};

/// The draws for one purpose, epoch, sample and view. Copying one repeats its draws.
class Stream {
 public:
  EXTREMA_HOST_DEVICE constexpr Stream(std::uint64_t seed, Purpose purpose, std::uint32_t epoch,
                                       std::uint32_t sample, std::uint32_t view = 0)
      : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)},
        counter_{0, sample, epoch, view << 8 | static_cast<std::uint32_t>(purpose)} {}

  EXTREMA_HOST_DEVICE constexpr std::uint32_t bits() {
    if (next_ == 4) {
      block_ = philox(counter_, key_);
      ++counter_[0];
      next_ = 0;
    }
    return block_[next_++];
  }
  /// What bits() would give after so many others, from the beginning.
  EXTREMA_HOST_DEVICE constexpr std::uint32_t bits_after(std::uint32_t count) const {
    return philox({count / 4, counter_[1], counter_[2], counter_[3]}, key_)[count % 4];
  }
  /// In (0, 1).
  EXTREMA_HOST_DEVICE constexpr double uniform() { return (bits() + 0.5) * 0x1p-32; }
  /// In [0, n), bias < n / 2^32.
  EXTREMA_HOST_DEVICE constexpr std::uint32_t below(std::uint32_t n) {
    return static_cast<std::uint32_t>(std::uint64_t{bits()} * n >> 32);
  }

 private:
  Key key_;
  Block counter_;
  Block block_{};
  std::uint32_t next_ = 4;
};

}  // namespace extrema::random
