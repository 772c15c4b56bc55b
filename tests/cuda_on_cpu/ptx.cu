// SPDX-License-Identifier: MIT
// The instructions that kernels take on trust: one product of whole numbers, which is exact, by
// each of the tensor cores', and powers of two. On a CPU this checks the emulation, on a GPU the
// manual.
#include <cuda_fp16.h>
#include <doctest/doctest.h>

#include <cmath>
#include <extrema/cuda/ptx.cuh>
#include <iterator>
#include <vector>

#include "extrema/cuda/device.cuh"
#include "extrema/cuda/launch.cuh"
#include "extrema/cuda/transfer.cuh"
#include "extrema/device/download.hpp"
#include "extrema/device/upload.hpp"

namespace {

using namespace extrema;
namespace ptx = cuda::ptx;

enum class Factors { bf16, fp16, fp16_halves };

constexpr int side = 16, pack = 8;

/// d (16, 16) = a (16, 16) b, or a bᵀ, by one warp. Only the first rows of b are there.
template <Factors factors, bool transposed>
__global__ void product_kernel(const std::uint16_t* a, const std::uint16_t* b, int rows_of_b,
                               float* d) {
  const int lane = static_cast<int>(threadIdx.x), row = lane / 2, column = lane % 2 * pack;
  auto* const tile_a = ptx::dynamic_shared<std::uint16_t>();
  auto* const tile_b = tile_a + side * side;
  ptx::copy_async(tile_a + row * side + column, a + row * side + column, true);
  ptx::end_copy_group();
  const bool there = row < rows_of_b;
  ptx::copy_async(tile_b + row * side + column, b + (there ? row : 0) * side + column, there);
  ptx::end_copy_group();

  std::uint32_t of_a[4], of_b[4];
  float sums[2][4] = {};
  ptx::wait_for_copies<1>();
  __syncwarp();
  ptx::load_matrices(of_a, tile_a + lane % 16 * side + lane / 16 * pack);
  ptx::wait_for_copies<0>();
  __syncwarp();
  if constexpr (transposed)
    ptx::load_matrices(of_b, tile_b + (lane % 8 + lane / 16 * 8) * side + lane / 8 % 2 * pack);
  else ptx::load_transposed(of_b, tile_b + lane % 16 * side + lane / 16 * pack);
  for (int half = 0; half < 2; ++half) {
    const std::uint32_t b0 = of_b[2 * half], b1 = of_b[2 * half + 1];
    if constexpr (factors == Factors::bf16) ptx::multiply_bf16(sums[half], of_a, b0, b1);
    if constexpr (factors == Factors::fp16) ptx::multiply_fp16(sums[half], of_a, b0, b1);
    if constexpr (factors == Factors::fp16_halves) {
      ptx::multiply_fp16_half(sums[half], of_a[0], of_a[1], b0);
      ptx::multiply_fp16_half(sums[half], of_a[2], of_a[3], b1);
    }
    for (int i = 0; i < 4; ++i)
      d[(lane / 4 + i / 2 * 8) * side + 8 * half + lane % 4 * 2 + i % 2] = sums[half][i];
  }
}

int whole(int i, int j, int seed) { return (7 * i + 5 * j + 3 * i * j + seed) % 17 - 8; }

std::uint16_t bits(Factors factors, int value) {
  const auto number = static_cast<float>(value);
  if (factors == Factors::bf16) return bfloat16{number}.bits;
  return static_cast<__half_raw>(__float2half(number)).x;
}

struct NoProducts {};

template <Factors factors, bool transposed>
void check(int rows_of_b) {
  std::vector<std::uint16_t> a, b;
  std::vector<float> nothing(side * side), wanted;
  for (int i = 0; i < side; ++i)
    for (int j = 0; j < side; ++j) {
      a.push_back(bits(factors, whole(i, j, 1)));
      b.push_back(bits(factors, whole(i, j, 2)));
      int sum = 0;
      for (int k = 0; k < side; ++k) {
        const int row = transposed ? j : k, column = transposed ? k : j;
        sum += row < rows_of_b ? whole(i, k, 1) * whole(row, column, 2) : 0;
      }
      wanted.push_back(static_cast<float>(sum));
    }
  cuda::BasicDevice<fp32, NoProducts> device;
  const auto kernel = product_kernel<factors, transposed>;
  if (factors == Factors::bf16 && ptx::compiled_for(kernel) < 80) return;
  const auto of_a = upload(device, a), of_b = upload(device, b);
  const auto found = upload(device, nothing);
  cuda::start(device, "product", {dim3(1), dim3(32), 2 * side * side * sizeof(std::uint16_t)},
              kernel, of_a.data(), of_b.data(), rows_of_b, found.data());
  CHECK(download(device, found.view()) == wanted);
}

template <Factors factors>
void check() {
  for (const int rows : {16, 11, 1}) {
    CAPTURE(rows);
    check<factors, false>(rows);
    check<factors, true>(rows);
  }
}

template <class T>
__global__ void powers_kernel(const T* x, T* power, Index count) {
  const Index i = threadIdx.x;
  if (i < count) power[i] = ptx::exp2(x[i]);
}

}  // namespace

TEST_CASE("powers of two: to 2 ulp, what is below the normal numbers is 0") {
  const std::vector<float> x{0,      1,   -1,      0.5f,    -0.25f, 7.3f,
                             -30.7f, 127, -125.5f, -126.5f, -140,   -INFINITY};
  cuda::BasicDevice<fp32, NoProducts> device;
  const auto of_x = upload(device, x), found = upload(device, x);
  cuda::start(device, "powers", {dim3(1), dim3(32)}, powers_kernel<float>,
              static_cast<const float*>(of_x.data()), found.data(), std::ssize(x));
  const auto powers = download(device, found.view());
  for (std::size_t i = 0; i < x.size(); ++i) {
    CAPTURE(x[i]);
    const double wanted = x[i] < -126 ? 0 : std::exp2(static_cast<double>(x[i]));
    CHECK(std::abs(static_cast<double>(powers[i]) - wanted) <= 0x1p-22 * wanted);
  }
}

TEST_CASE("products of bfloat16") { check<Factors::bf16>(); }

TEST_CASE("products of fp16, whole and as Turing makes them") {
  check<Factors::fp16>();
  check<Factors::fp16_halves>();
}
