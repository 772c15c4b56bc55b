// SPDX-License-Identifier: MIT
// Mistakes with asynchronous copies and the fragments of tensor cores.
#include "case.hpp"
#include "extrema/core/bfloat16.hpp"
#include "extrema/cuda/ptx.cuh"

namespace faults {

using namespace extrema::cuda;
using extrema::bfloat16;

namespace {

enum class Tile { right, wait_too_weak, fragments_swapped };

/// c = a bᵀ, (16, 16) = (16, K) (K, 16), by one warp that copies ahead.
template <class T>
__global__ void tile_kernel(const T* a, const T* b, float* c, int depth, Tile tile) {
  __shared__ __align__(16) T parts[2][2][16 * 16];
  const int lane = static_cast<int>(threadIdx.x), row = lane / 2, half = lane % 2 * 8;
  const auto fetch = [&](int stage, int at) {
    ptx::copy_async(&parts[stage][0][row * 16 + half], a + row * depth + at + half, true);
    ptx::copy_async(&parts[stage][1][row * 16 + half], b + row * depth + at + half, true);
    ptx::end_copy_group();
  };
  float sums[2][4] = {};
  fetch(0, 0);
  for (int at = 0, stage = 0; at < depth; at += 16, stage ^= 1) {
    if (at + 16 < depth) fetch(stage ^ 1, at + 16);
    if (at + 16 == depth) ptx::wait_for_copies<0>();
    else if (tile == Tile::wait_too_weak) ptx::wait_for_copies<2>();
    else ptx::wait_for_copies<1>();
    __syncwarp();
    std::uint32_t left[4], right[4];
    ptx::load_matrices(left, &parts[stage][0][lane % 16 * 16 + lane / 16 * 8]);
    ptx::load_matrices(right, &parts[stage][1][(lane % 8 + lane / 16 * 8) * 16 + lane / 8 % 2 * 8]);
    const bool swapped = tile == Tile::fragments_swapped;
    ptx::multiply_bf16(sums[0], left, right[0], right[swapped ? 2 : 1]);
    ptx::multiply_bf16(sums[1], left, right[swapped ? 1 : 2], right[3]);
    __syncwarp();
  }
  for (int part = 0; part < 2; ++part)
    for (int r = 0; r < 4; ++r)
      c[(lane / 4 + r / 2 * 8) * 16 + part * 8 + lane % 4 * 2 + r % 2] = sums[part][r];
}

bool product(Tile tile) {
  constexpr int depth = 48;
  std::vector<bfloat16> a, b;
  for (int i = 0; i < 16 * depth; ++i) {
    a.push_back(bfloat16{static_cast<float>(i * 7 % 13 - 6)});
    b.push_back(bfloat16{static_cast<float>(i * 5 % 11 - 5)});
  }
  Device device;
  const Values<bfloat16> a_there{a}, b_there{b};
  const Values<float> c{std::vector<float>(16 * 16)};
  start(device, "tile", {dim3(1), dim3(32)}, tile_kernel<bfloat16>, a_there.data(), b_there.data(),
        c.data(), depth, tile);
  const auto found = c.get(device);
  for (std::size_t i = 0; i < 16; ++i)
    for (std::size_t j = 0; j < 16; ++j) {
      double expected = 0;
      for (std::size_t k = 0; k < depth; ++k)
        expected += static_cast<double>(static_cast<float>(a[i * depth + k])) *
                    static_cast<double>(static_cast<float>(b[j * depth + k]));
      if (!near(found[i * 16 + j], expected)) return false;
    }
  return true;
}
bool copy_wait_too_weak(bool broken) { return product(broken ? Tile::wait_too_weak : Tile::right); }
bool fragments_swapped(bool broken) {
  return product(broken ? Tile::fragments_swapped : Tile::right);
}

}  // namespace

std::vector<Case> of_tensor_cores() {
  return {{"copy_wait_too_weak", copy_wait_too_weak}, {"fragments_swapped", fragments_swapped}};
}

}  // namespace faults
