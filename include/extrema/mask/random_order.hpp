// SPDX-License-Identifier: MIT
// A random order of the patches: the ascending argsort of one 32-bit key per patch, ties by number.
// So defined, any device makes the same order by sorting, and a reference's noise gives its order.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
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
  static Index scratch(Grid grid) { return 3 * Index{grid.size()}; }  // patches | keys | buckets

  /// Order number `draw` of a request: of its explicit keys [draw N, (draw + 1) N) if it has any,
  /// of the next N draws of its stream otherwise.
  explicit RandomOrder(const Request& request, int draw = 0) {
    const auto count = static_cast<std::size_t>(request.grid.size());
    const auto begin = static_cast<std::size_t>(draw) * count;
    if (!request.keys.empty() && request.keys.size() < begin + count)
      throw Error{"mask: random order ", draw,          " of ",          count,
                  " patches needs ",     begin + count, " keys, found ", request.keys.size()};
    const auto scratch = take_scratch(request, RandomOrder::scratch(request.grid));
    const auto keys = scratch.subspan(count, count);
    patches_ = scratch.first(count);
    for (std::size_t i = 0; i < count; ++i)
      keys[i] = static_cast<std::int32_t>(request.keys.empty() ? request.random.bits()
                                                               : request.keys[begin + i]);
    sort(keys, scratch.subspan(2 * count));
  }

  /// The patches that stand at [first, first + to.size()) of the order.
  void copy(int first, std::span<std::int32_t> to) const {
    if (static_cast<std::size_t>(first) + to.size() > patches_.size())
      throw Error{"mask: views of ", static_cast<std::size_t>(first) + to.size(),
                  " patches in all were asked of a grid of ", patches_.size(),
                  ": lower the number of views or raise the ratio"};
    std::ranges::copy(patches_.subspan(static_cast<std::size_t>(first), to.size()), to.begin());
  }

 private:
  /// In time N for uniform keys: into N buckets by value, in the order of the patches, then by
  /// insertion, which moves none far and keeps ties.
  void sort(std::span<const std::int32_t> keys, std::span<std::int32_t> buckets) const {
    const auto key = [keys](std::size_t patch) { return static_cast<std::uint32_t>(keys[patch]); };
    const auto bucket = [&](std::size_t patch) -> std::int32_t& {
      return buckets[static_cast<std::size_t>(std::uint64_t{key(patch)} * buckets.size() >> 32)];
    };
    std::ranges::fill(buckets, 0);
    for (std::size_t patch = 0; patch < keys.size(); ++patch) ++bucket(patch);
    for (std::int32_t end = 0; std::int32_t & b : buckets) end += std::exchange(b, end);
    for (std::size_t patch = 0; patch < keys.size(); ++patch)
      patches_[static_cast<std::size_t>(bucket(patch)++)] = static_cast<std::int32_t>(patch);
    for (std::size_t i = 1; i < patches_.size(); ++i) {
      const std::int32_t patch = patches_[i];
      std::size_t to = i;
      for (; to > 0 &&
             key(static_cast<std::size_t>(patches_[to - 1])) > key(static_cast<std::size_t>(patch));
           --to)
        patches_[to] = patches_[to - 1];
      patches_[to] = patch;
    }
  }

  std::span<std::int32_t> patches_;
};

/// How the views of an image are cut from random orders: one behind another from one order, or each
/// the beginning of an order of its own.
enum class Cut { no, one_order, an_order_each };

/// Of a policy whose `fill` does just that, so that a device may do it instead
/// (ops/random_views.hpp). Specialised by type: what inherits from one may fill otherwise.
template <class P>
struct CutOf {
  static Cut of(const P&) { return Cut::no; }
};

}  // namespace extrema::mask
