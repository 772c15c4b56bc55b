// SPDX-License-Identifier: MIT
// What a masking policy writes: the patches that each view of one image shows.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>

#include "extrema/core/tensor.hpp"

namespace extrema::mask {

/// The views of one image, to be filled with patch numbers: M views of K patches, or of at most K.
class Picks {
 public:
  /// View v's places begin at `first + v view_stride`; `counts` are (M), null where all views keep
  /// K.
  Picks(std::int32_t* first, Index view_stride, int views, int keep, std::int32_t* counts = nullptr)
      : first_{first}, view_stride_{view_stride}, views_{views}, keep_{keep}, counts_{counts} {}

  int views() const { return views_; }  // M
  int keep() const { return keep_; }    // K

  std::int32_t& at(int view, int i) const {
    assert(view >= 0 && view < views_ && i >= 0 && i < keep_);
    return first_[view * view_stride_ + i];
  }
  std::span<std::int32_t> operator[](int view) const {
    return {first_ + view * view_stride_, static_cast<std::size_t>(keep_)};
  }

  /// A policy of varying count says how many of a view's K places it filled, the first ones.
  void filled(int view, int count) const {
    if (counts_) counts_[view] = count;
  }

  /// Views [first, first + count), of at most `keep` patches: what a combinator hands on.
  Picks part(int first, int count, int keep) const {
    assert(first >= 0 && count >= 0 && first + count <= views_ && keep >= 0 && keep <= keep_);
    return {first_ + first * view_stride_, view_stride_, count, keep,
            counts_ ? counts_ + first : nullptr};
  }

 private:
  std::int32_t* first_;
  Index view_stride_;
  int views_, keep_;
  std::int32_t* counts_;
};

}  // namespace extrema::mask
