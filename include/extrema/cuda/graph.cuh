// SPDX-License-Identifier: MIT
// A step that is taken again and again becomes one launch: a captured graph per geometry.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <utility>

#include "extrema/core/geometry.hpp"
#include "extrema/cuda/error.cuh"

namespace extrema::cuda {

/// A step of one geometry runs as it is the first time, which grows the workspace and finds the
/// products' algorithms; is captured the second time; and replayed from then on. Of more than
/// `most` geometries those used longest ago are dropped.
class Graphs {
 public:
  Graphs() = default;
  Graphs(const Graphs&) = delete;
  Graphs& operator=(const Graphs&) = delete;
  ~Graphs() { forget(); }

  /// The step's operations are asynchronous, and read what changes by address.
  void operator()(auto& device, const Geometry& geometry, auto&& step) {
    const auto [place, is_new] = graphs_.try_emplace(geometry);
    Graph& graph = place->second;
    graph.used = ++uses_;
    if (is_new) {
      step();
      if (std::ssize(graphs_) > most) drop_oldest();
      return;
    }
    if (!graph.ready) graph.ready = capture(device.stream(), step);
    check(cudaGraphLaunch(graph.ready, device.stream()), "cudaGraphLaunch");
  }

  /// Where addresses have changed: what was captured is void. (A graph that is destroyed while it
  /// runs is freed when it is done.)
  void forget() {
    for (const auto& [geometry, graph] : graphs_)
      if (graph.ready) cudaGraphExecDestroy(graph.ready);
    graphs_.clear();
  }

 private:
  static constexpr std::ptrdiff_t most = 64;
  struct Graph {
    cudaGraphExec_t ready = nullptr;  // null: taken once
    std::uint64_t used = 0;
  };

  void drop_oldest() {
    const auto oldest = std::min_element(graphs_.begin(), graphs_.end(), [](auto& a, auto& b) {
      return a.second.used < b.second.used;
    });
    if (oldest->second.ready) cudaGraphExecDestroy(oldest->second.ready);
    graphs_.erase(oldest);
  }

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

  std::map<Geometry, Graph> graphs_;
  std::uint64_t uses_ = 0;
};

}  // namespace extrema::cuda
