// SPDX-License-Identifier: MIT
// Some images of a data set, as a data set.
#pragma once

#include <algorithm>
#include <concepts>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "extrema/core/error.hpp"
#include "extrema/data/concepts.hpp"

namespace extrema::data {

/// Image i is image indices[i] of `whole`, which outlives it.
template <Dataset D>
class Subset {
 public:
  Subset(const D& whole, std::vector<Index> indices)
      : whole_{&whole}, indices_{std::move(indices)} {
    for (const Index i : indices_)
      if (i < 0 || i >= whole.size())
        throw Error{"Subset: expected indices below ", whole.size(), ", found ", i};
  }
  /// The first `count`, or all where there are fewer.
  Subset(const D& whole, Index count)
      : Subset{whole, first(std::min<Index>(count, whole.size()))} {}
  Subset(const D&&, std::vector<Index>) = delete;  // the whole outlives it
  Subset(const D&&, Index) = delete;

  Index size() const { return std::ssize(indices_); }
  int channels() const { return whole_->channels(); }
  int label(Index i) const { return whole_->label(indices_.data()[i]); }
  std::string name(Index i) const { return whole_->name(indices_.data()[i]); }
  int num_classes() const requires requires(const D& whole) { whole.num_classes(); }
  { return whole_->num_classes(); }
  ImageExtent extent() const requires HasExtent<D> { return whole_->extent(); }

  class Reader {
   public:
    explicit Reader(const Subset& from) : from_{&from}, reader_{data::reader(*from.whole_)} {}
    template <std::invocable<int, int> F>
    ImageView read(Index i, F&& whole_size) {
      return reader_.read(from_->indices_.data()[i], whole_size);
    }

   private:
    const Subset* from_;
    data::Reader<D> reader_;
  };
  Reader reader() const { return Reader{*this}; }

 private:
  static std::vector<Index> first(Index count) {
    std::vector<Index> indices(static_cast<std::size_t>(std::max<Index>(count, 0)));
    std::iota(indices.begin(), indices.end(), 0);
    return indices;
  }

  const D* whole_;
  std::vector<Index> indices_;
};

}  // namespace extrema::data
