// SPDX-License-Identifier: MIT
// A step that is taken again and again becomes one launch: a captured graph per geometry.
#pragma once

#include <cstddef>
#include <map>
#include <utility>

#include "extrema/core/geometry.hpp"
#include "extrema/cuda/error.cuh"

namespace extrema::cuda {

/// A step of one geometry runs as it is the first time, which grows the workspace and finds the
/// products' algorithms; is captured the second time; and replayed from then on.
class Graphs {
 public:
  Graphs() = default;
  Graphs(const Graphs&) = delete;
  Graphs& operator=(const Graphs&) = delete;
  ~Graphs() { forget(); }

  /// The step's operations are asynchronous, and read what changes by address.
  void operator()(auto& device, const Geometry& geometry, auto&& step) {
    const auto [place, is_new] = graphs_.try_emplace(geometry, nullptr);
    if (is_new) return step();
    if (!place->second) place->second = capture(device.stream(), step);
    check(cudaGraphLaunch(place->second, device.stream()), "cudaGraphLaunch");
  }

  /// Where addresses have changed: what was captured is void.
  void forget() {
    for (const auto& [geometry, graph] : graphs_)
      if (graph) cudaGraphExecDestroy(graph);
    graphs_.clear();
  }

 private:
  static cudaGraphExec_t capture(cudaStream_t stream, auto& step) {
    check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal),
          "cudaStreamBeginCapture");
    cudaGraph_t graph = nullptr;
    try {
      step();
    } catch (...) {
      cudaStreamEndCapture(stream, &graph);
      if (graph) cudaGraphDestroy(graph);
      throw;
    }
    check(cudaStreamEndCapture(stream, &graph), "cudaStreamEndCapture");
    cudaGraphExec_t result = nullptr;
    const cudaError_t error = cudaGraphInstantiate(&result, graph, 0);
    cudaGraphDestroy(graph);
    check(error, "cudaGraphInstantiate");
    return result;
  }

  std::map<Geometry, cudaGraphExec_t> graphs_;
};

}  // namespace extrema::cuda
