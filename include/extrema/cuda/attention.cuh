// SPDX-License-Identifier: MIT
// Attention on the GPU: on tensor cores for bfloat16 and half precision and heads of 32 or 64
// columns, where the card multiplies them; else by the plain kernels.
#pragma once

#include <algorithm>
#include <type_traits>

#include "extrema/cuda/attention_backward.cuh"
#include "extrema/cuda/attention_forward.cuh"
#include "extrema/cuda/attention_plain.cuh"
#include "extrema/cuda/device.cuh"

namespace extrema::cuda {

namespace detail {

template <class S>
inline constexpr bool has_16_bits = std::is_same_v<S, bfloat16> || std::is_same_v<S, float16>;

/// Starts `kernel`, whose blocks are made of `Block`, unless its code lacks bfloat16's products (it
/// was compiled for Turing, whose blocks have 64 KiB of shared memory, too). Returns whether it
/// did.
template <class S, class Block, class Device>
bool launch_tiles(Device& device, const typename Block::Op& op,
                  void (*kernel)(const typename Block::Op, int)) {
  constexpr int ampere = 80;
  constexpr std::size_t turings = 64 << 10;
  const int compiled_for = ptx::compiled_for(kernel);
  if (std::is_same_v<S, bfloat16> && compiled_for < ampere) return false;
  int rows = Block::tile_rows;
  if (op.sequences.longest <= Block::most_rows) {
    const int whole = whole_strips(static_cast<int>(op.sequences.longest));
    if (compiled_for >= ampere || Block::shared_bytes(whole) <= turings) rows = whole;
  }
  start(device, op.name,
        {head_tiles(op.sequences, op.heads, rows),
         dim3(static_cast<unsigned>(Block::warps(rows) * warp_size)), Block::shared_bytes(rows)},
        kernel, op, rows);
  return true;
}

template <class Device, class S>
bool launch_on_tensor_cores(Device& device, const ops::Attention<S, float>& op) {
  const Index d = op.y.cols / op.heads;
  if (!in_packs<pack>(op.qkv.data, op.y.data)) return false;
  if (d == 32) return launch_tiles<S, ForwardBlock<S, 32>>(device, op, attention_kernel<S, 32>);
  if (d == 64) return launch_tiles<S, ForwardBlock<S, 64>>(device, op, attention_kernel<S, 64>);
  return false;
}

template <class Device, class S>
bool launch_on_tensor_cores(Device& device, const ops::AttentionBackward<S, float>& op) {
  const Index d = op.y.cols / op.heads;
  if (!in_packs<pack>(op.qkv.data, op.y.data, op.grad_y.data, op.grad_qkv.data)) return false;
  if (d == 32)
    return launch_tiles<S, BackwardBlock<S, 32>>(device, op, attention_backward_kernel<S, 32>);
  if (d == 64)
    return launch_tiles<S, BackwardBlock<S, 64>>(device, op, attention_backward_kernel<S, 64>);
  return false;
}

template <class S, class Device, class Operation>
void launch_attention(Device& device, const Operation& op) {
  if (op.sequences.tokens == 0) return;
  if constexpr (has_16_bits<S>)
    if (launch_on_tensor_cores(device, op)) return;
  launch_plain(device, op);
}

}  // namespace detail

template <class F, class P, class S, class W>
void launch(BasicDevice<F, P>& device, const ops::Attention<S, W>& op) {
  detail::launch_attention<S>(device, op);
}

template <class F, class P, class S, class W>
void launch(BasicDevice<F, P>& device, const ops::AttentionBackward<S, W>& op) {
  detail::launch_attention<S>(device, op);
}

}  // namespace extrema::cuda
