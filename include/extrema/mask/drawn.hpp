// SPDX-License-Identifier: MIT
// The views that a policy gives to many images, drawn under watch: what mask/conformance.hpp looks
// at.   B images, M views, K places of a view, N patches
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "extrema/mask/concepts.hpp"

namespace extrema::mask {

/// Image b is sample b of epoch 0, at a progress of training that depends on b. Inputs per patch
/// are random where the policy needs them.
class Drawn {
 public:
  Drawn(Grid grid, int views, int most, int images)
      : grid_{grid}, views_{views}, most_{most}, images_{images} {
    picks_.resize(size(images) * size(views) * size(most));
    counts_.resize(size(images) * size(views));
  }

  /// Draws image b. Before, its places and the scratch hold numbers that depend on `poison` (0 or
  /// 1): a policy that reads what it has not written gives itself away. Afterwards stray() tells
  /// whether something was written elsewhere.
  template <Policy P>
  void draw(const P& policy, int b, std::uint64_t seed, std::int32_t poison) {
    const Needs needs = mask::needs(policy);
    const auto sample = static_cast<std::uint32_t>(b);
    random::Stream random{seed, random::Purpose::mask, 0, sample},
        inputs{seed, random::Purpose::substitute, 0, sample};
    random_inputs(inputs);
    const std::size_t scratch = size(scratch_size(policy, grid_, views_));
    scratch_.assign(scratch + 2 * margin, guard);
    std::fill_n(scratch_.begin() + margin, scratch, poison);
    places_.assign(size(place(views_)), guard);
    for (int v = 0; v < views_; ++v)
      std::fill_n(places_.begin() + place(v), most_, unwritten - poison);
    counted_.assign(size(views_), unwritten);
    fill_views(policy,
               {.grid = grid_,
                .random = random,
                .progress = b % 8 / 8.0,
                .scratch = std::span{scratch_}.subspan(margin, scratch),
                .attention = needs.attention ? std::span<const float>{values_} : no_values,
                .part = needs.part ? std::span<const std::int32_t>{parts_}
                                   : std::span<const std::int32_t>{},
                .loss = needs.loss ? std::span<const float>{values_} : no_values},
               {places_.data() + place(0), place(1) - place(0), views_, most_, counted_.data()});
    stray_ = stray_ || strayed_from_scratch() || strayed_from_places();
  }

  /// Keeps what was drawn last as image b's.
  void keep(int b) {
    for (int v = 0; v < views_; ++v)
      std::copy_n(places_.begin() + place(v), most_, picks_.begin() + offset(b, v));
    std::ranges::copy(counted_, counts_.begin() + Index{b} * views_);
  }

  /// What was drawn last is what image b has been given.
  bool same(int b) const {
    for (int view = 0; view < views_; ++view) {
      const int kept = count(b, view);
      if (counted_[size(view)] != kept) return false;
      const auto from = places_.begin() + place(view);
      if (!std::equal(from, from + std::clamp(kept, 0, most_), picks_.begin() + offset(b, view)))
        return false;
    }
    return true;
  }

  int images() const { return images_; }
  int views() const { return views_; }
  Grid grid() const { return grid_; }
  /// As reported, whatever that is; `unwritten` where it was not.
  int count(int b, int view) const { return counts_[size(b) * size(views_) + size(view)]; }
  /// The patches as written, whatever they are, of at most K.
  std::span<const std::int32_t> view(int b, int view) const {
    return {picks_.data() + offset(b, view), size(std::clamp(count(b, view), 0, most_))};
  }
  bool stray() const { return stray_; }

  static constexpr std::int32_t unwritten = std::numeric_limits<std::int32_t>::min() + 1;

 private:
  static constexpr std::int32_t guard = 0x5eed5eed;
  static constexpr int margin = 64;  // numbers before and behind what the policy may write
  static constexpr std::span<const float> no_values{};

  template <class I>
  static std::size_t size(I i) {
    return static_cast<std::size_t>(i);
  }
  Index offset(int b, int view) const { return (Index{b} * views_ + view) * most_; }
  /// Where a view's places begin: between two views, too, stands a margin.
  Index place(int view) const { return margin + Index{view} * (most_ + margin); }

  static bool whole(const std::vector<std::int32_t>& memory, Index first) {
    return std::all_of(memory.begin() + first, memory.begin() + first + margin,
                       [](std::int32_t number) { return number == guard; });
  }
  bool strayed_from_scratch() const {
    return !whole(scratch_, 0) || !whole(scratch_, std::ssize(scratch_) - margin);
  }
  bool strayed_from_places() const {
    for (int v = 0; v <= views_; ++v)
      if (!whole(places_, place(v) - margin)) return true;
    return false;
  }

  void random_inputs(random::Stream& random) {
    values_.resize(size(grid_.size()));
    parts_.resize(size(grid_.size()));
    for (float& value : values_) value = static_cast<float>(random.uniform());
    for (std::int32_t& part : parts_) part = static_cast<std::int32_t>(random.below(7));
  }

  Grid grid_;
  int views_, most_, images_;
  std::vector<std::int32_t> picks_, counts_;              // (B, M, K), (B, M)
  std::vector<std::int32_t> scratch_, places_, counted_;  // of the image drawn last
  std::vector<float> values_;                             // (N)
  std::vector<std::int32_t> parts_;                       // (N)
  bool stray_ = false;
};

}  // namespace extrema::mask
