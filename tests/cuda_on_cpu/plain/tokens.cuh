// SPDX-License-Identifier: MIT
// From images to rows of tokens in the plainest form.   T tokens, p = side of a patch
#pragma once

#include "device.cuh"
#include "extrema/ops/tokens.hpp"
#include "sequence_of.cuh"

namespace extrema::plain {

/// Where column k of a patch's row stands in its image.
__device__ inline Index pixel_of(const ImageExtent& extent, int p, Index patch, Index k) {
  const Index across = extent.grid(p).width, c = k / (p * p), line = k / p % p;
  const Index y = patch / across * p + line, x = patch % across * p + k % p;
  return (c * extent.height + y) * extent.width + x;
}

template <class Pixel, class S, class W>
struct Element<ops::GatherPatches<Pixel, S, W>> {
  ops::GatherPatches<Pixel, S, W> op;
  Index count() const { return op.rows.size(); }
  __device__ void operator()(Index i) const {
    const Index t = i / op.rows.cols, k = i % op.rows.cols, c = k / (op.patch * op.patch);
    const Index image = op.views.image[sequence_of(op.views.sequences, t)];
    const Pixel pixel =
        op.images[image * op.extent.size() + pixel_of(op.extent, op.patch, op.views.patch[t], k)];
    const W factor = op.affine.empty() ? W{1} : op.affine.row(c)[0],
            shift = op.affine.empty() ? W{0} : op.affine.row(c)[1];
    op.rows.data[i] = static_cast<S>(static_cast<W>(pixel) * factor + shift);
  }
};

/// A thread takes column k of every row, one after the other: no two write to one pixel.
template <class S, class Pixel>
struct Element<ops::ScatterPatches<S, Pixel>> {
  ops::ScatterPatches<S, Pixel> op;
  Index count() const { return op.rows.cols; }
  __device__ void operator()(Index k) const {
    for (Index t = 0; t < op.rows.rows; ++t) {
      const Index image = op.views.image[sequence_of(op.views.sequences, t)];
      op.images[image * op.extent.size() + pixel_of(op.extent, op.patch, op.views.patch[t], k)] +=
          static_cast<Pixel>(op.rows.row(t)[k]);
    }
  }
};

template <class X, class W>
struct Element<ops::AddPositions<X, W>> {
  ops::AddPositions<X, W> op;
  Index count() const { return op.x.size(); }
  __device__ void operator()(Index i) const {
    put(Gradient<X>{op.x, true}, i, op.table.row(op.views.patch[i / op.x.cols])[i % op.x.cols]);
  }
};

template <class X, class W>
struct Element<ops::RepeatRow<X, W>> {
  ops::RepeatRow<X, W> op;
  Index count() const { return op.y.size(); }
  __device__ void operator()(Index i) const {
    op.y.data[i] = static_cast<X>(op.row.data[i % op.y.cols]);
  }
};

template <class X, class W>
struct Element<ops::SumRows<X, W>> {
  ops::SumRows<X, W> op;
  Index count() const { return op.x.cols; }
  __device__ void operator()(Index k) const {
    W sum = 0;
    for (Index s = 0; s < op.x.rows; ++s) sum += static_cast<W>(op.x.row(s)[k]);
    op.sum.data[k] += sum;
  }
};

}  // namespace extrema::plain
