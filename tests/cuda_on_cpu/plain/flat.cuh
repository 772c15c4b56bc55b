// SPDX-License-Identifier: MIT
// Passes over flat memory, and the transfers, in their plainest form.
#pragma once

#include "device.cuh"
#include "extrema/ops/convert.hpp"
#include "extrema/ops/flat.hpp"
#include "extrema/ops/transfer.hpp"

namespace extrema::plain {

template <class T>
struct Element<ops::Zero<T>> {
  ops::Zero<T> op;
  Index count() const { return op.x.size(); }
  __device__ void operator()(Index i) const { op.x.data[i] = static_cast<T>(0.f); }
};

template <class T>
struct Element<ops::Copy<T>> {
  ops::Copy<T> op;
  Index count() const { return op.to.size(); }
  __device__ void operator()(Index i) const { op.to.data[i] = op.from.data[i]; }
};

template <class T>
struct Element<ops::Add<T>> {
  ops::Add<T> op;
  Index count() const { return op.y.size(); }
  __device__ void operator()(Index i) const {
    put(Gradient<T>{op.y, true}, i, static_cast<WideOf<T>>(op.x.data[i]));
  }
};

template <class T>
struct Element<ops::Scale<T>> {
  ops::Scale<T> op;
  Index count() const { return op.x.size(); }
  __device__ void operator()(Index i) const { op.x.data[i] *= *op.factor; }
};

template <class From, class To>
struct Element<ops::Convert<From, To>> {
  ops::Convert<From, To> op;
  Index count() const { return op.to.size(); }
  __device__ void operator()(Index i) const { op.to.data[i] = static_cast<To>(op.from.data[i]); }
};

template <class W, class S>
struct Element<ops::Lerp<W, S>> {
  ops::Lerp<W, S> op;
  Index count() const { return op.x.size(); }
  __device__ void operator()(Index i) const {
    W& average = op.average.data[i];
    average += static_cast<W>(1 - *op.momentum) * (op.x.data[i] - average);
    if (!op.operands.empty()) op.operands.data[i] = static_cast<S>(average);
  }
};

template <class S>
struct Element<ops::SquaredNorm<S>> {
  ops::SquaredNorm<S> op;
  Index count() const { return 1; }
  __device__ void operator()(Index) const {
    double sum = 0;
    for (Index i = 0; i < op.x.size(); ++i) {
      const auto x = static_cast<double>(op.x.data[i]);
      sum += x * x;
    }
    *op.result = sum;
  }
};

template <class Format, class T>
void launch(Device<Format>& device, const ops::Upload<T>& op) {
  cuda::check(cudaMemcpyAsync(op.to, op.from, static_cast<std::size_t>(op.count) * sizeof(T),
                              cudaMemcpyHostToDevice, device.stream()),
              op.name);
}

template <class Format, class T>
void launch(Device<Format>& device, const ops::Download<T>& op) {
  cuda::check(cudaMemcpyAsync(op.to, op.from, static_cast<std::size_t>(op.count) * sizeof(T),
                              cudaMemcpyDeviceToHost, device.stream()),
              op.name);
}

}  // namespace extrema::plain
