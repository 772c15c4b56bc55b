// SPDX-License-Identifier: MIT
// A random order of the patches: the ascending argsort of one 32-bit key per patch, ties by number.
// So defined, any device makes the same order by sorting, and a reference's noise gives its order.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "extrema/core/error.hpp"
#include "extrema/mask/request.hpp"

namespace extrema::mask {

/// The key of a reference's uniform noise in [0, 1): noise 2^32. The order of the keys is that of
/// the noise where the noise has steps of 2^-32 or coarser, as torch.rand has (2^-24).
inline std::uint32_t key_of(float noise) {
  if (!(noise >= 0 && noise < 1))
    throw Error{"mask::key_of: a noise of ", noise, " is not in [0, 1)"};
  return static_cast<std::uint32_t>(static_cast<double>(noise) * 0x1p32);
}

inline std::vector<std::uint32_t> keys_of(std::span<const float> noise) {
  std::vector<std::uint32_t> keys(noise.size());
  std::ranges::transform(noise, keys.begin(), key_of);
  return keys;
}

/// An order of all N patches, in the request's scratch: valid until the scratch is used again.
class RandomOrder {
 public:
  static Index scratch(Grid grid) { return 2 * Index{grid.size()}; }  // patches | keys

  /// Order number `draw` of a request: of its explicit keys [draw N, (draw + 1) N) if it has any,
  /// of the next N draws of its stream otherwise. The first `needed` patches are put in order.
  RandomOrder(const Request& request, int draw, int needed) {
    const auto count = static_cast<std::size_t>(request.grid.size());
    const auto begin = static_cast<std::size_t>(draw) * count;
    if (needed < 0 || needed > request.grid.size())
      throw Error{"mask: views of ", needed, " patches in all were asked of a grid of ", count,
                  ": lower the number of views or raise the ratio"};
    if (!request.keys.empty() && request.keys.size() < begin + count)
      throw Error{"mask: random order ", draw,          " of ",          count,
                  " patches needs ",     begin + count, " keys, found ", request.keys.size()};
    const auto scratch = take_scratch(request, RandomOrder::scratch(request.grid));
    const auto keys = scratch.subspan(count);
    patches_ = scratch.first(count);
    for (std::size_t i = 0; i < count; ++i) {
      patches_[i] = static_cast<std::int32_t>(i);
      keys[i] = static_cast<std::int32_t>(request.keys.empty() ? request.random.bits()
                                                               : request.keys[begin + i]);
    }
    const auto key = [keys](std::int32_t patch) {
      return static_cast<std::uint32_t>(keys[static_cast<std::size_t>(patch)]);
    };
    const auto before = [key](std::int32_t a, std::int32_t b) {
      return key(a) != key(b) ? key(a) < key(b) : a < b;
    };
    const auto middle = patches_.begin() + needed;
    if (middle != patches_.end())
      std::nth_element(patches_.begin(), middle, patches_.end(), before);
    std::sort(patches_.begin(), middle, before);
  }

  /// The patches that stand at [first, first + to.size()) of the order.
  void copy(int first, std::span<std::int32_t> to) const {
    std::ranges::copy(patches_.subspan(static_cast<std::size_t>(first), to.size()), to.begin());
  }

 private:
  std::span<std::int32_t> patches_;
};

}  // namespace extrema::mask
