// SPDX-License-Identifier: MIT
// cublasLtMatmul against sums in double: types, transposes, orders, beta, epilogues.
//   d (M, N) = op(a) (M, K) op(b) (K, N) + beta c + vector
#include <cublasLt.h>
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "faults/case.hpp"

using faults::Device;
using faults::Values;

namespace {

constexpr std::size_t m = 5, n = 7, k = 9;

template <class T>
constexpr cudaDataType_t type_of = CUDA_R_32F;
template <>
constexpr cudaDataType_t type_of<__half> = CUDA_R_16F;
template <>
constexpr cudaDataType_t type_of<__nv_bfloat16> = CUDA_R_16BF;

/// Small integers, which all types hold.
template <class T>
std::vector<T> numbers(std::size_t count, int step) {
  std::vector<T> result;
  for (std::size_t i = 0; i < count; ++i)
    result.push_back(static_cast<T>(static_cast<float>(static_cast<int>(i) * step % 7 - 3)));
  return result;
}

struct Case {
  bool transpose_a = false, transpose_b = false, by_rows = false;
  float beta = 0;
  cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_DEFAULT;
};

class Layout {
 public:
  Layout(cudaDataType_t type, std::size_t rows, std::size_t cols, bool by_rows) {
    const auto leading = static_cast<std::int64_t>(by_rows ? cols : rows);
    cublasLtMatrixLayoutCreate(&handle_, type, rows, cols, leading);
    const std::int32_t order = by_rows ? CUBLASLT_ORDER_ROW : CUBLASLT_ORDER_COL;
    cublasLtMatrixLayoutSetAttribute(handle_, CUBLASLT_MATRIX_LAYOUT_ORDER, &order, sizeof order);
  }
  Layout(const Layout&) = delete;
  ~Layout() { cublasLtMatrixLayoutDestroy(handle_); }
  cublasLtMatrixLayout_t get() const { return handle_; }

 private:
  cublasLtMatrixLayout_t handle_ = nullptr;
};

/// Where element (r, c) of a stored matrix is.
std::size_t at(std::size_t r, std::size_t c, std::size_t rows, std::size_t cols, bool by_rows) {
  return by_rows ? r * cols + c : r + c * rows;
}

template <class S, class D>
void check(const Case& how) {
  Device device;
  const auto a = numbers<S>(m * k, 3), b = numbers<S>(k * n, 5);
  const auto c = numbers<D>(m * n, 2), bias = numbers<D>(m, 4);
  const Values<S> a_there{a}, b_there{b};
  const Values<D> d{c},
      vector{how.epilogue == CUBLASLT_EPILOGUE_BIAS
                 ? bias
                 : std::vector<D>(how.epilogue == CUBLASLT_EPILOGUE_BGRADB ? n : m)};

  cublasLtHandle_t handle = nullptr;
  cublasLtMatmulDesc_t description = nullptr;
  REQUIRE(cublasLtCreate(&handle) == CUBLAS_STATUS_SUCCESS);
  cublasLtMatmulDescCreate(&description, CUBLAS_COMPUTE_32F, CUDA_R_32F);
  const auto set = [&](cublasLtMatmulDescAttributes_t attribute, const auto& value) {
    REQUIRE(cublasLtMatmulDescSetAttribute(description, attribute, &value, sizeof value) ==
            CUBLAS_STATUS_SUCCESS);
  };
  set(CUBLASLT_MATMUL_DESC_TRANSA, how.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N);
  set(CUBLASLT_MATMUL_DESC_TRANSB, how.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N);
  set(CUBLASLT_MATMUL_DESC_EPILOGUE, how.epilogue);
  if (how.epilogue != CUBLASLT_EPILOGUE_DEFAULT)
    set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, static_cast<void*>(vector.data()));
  {
    const Layout a_is{type_of<S>, how.transpose_a ? k : m, how.transpose_a ? m : k, how.by_rows},
        b_is{type_of<S>, how.transpose_b ? n : k, how.transpose_b ? k : n, how.by_rows},
        d_is{type_of<D>, m, n, how.by_rows};
    const float one = 1;
    REQUIRE(cublasLtMatmul(handle, description, &one, a_there.data(), a_is.get(), b_there.data(),
                           b_is.get(), &how.beta, d.data(), d_is.get(), d.data(), d_is.get(),
                           nullptr, nullptr, 0, device.stream()) == CUBLAS_STATUS_SUCCESS);
  }
  const auto found = d.get(device), sums = vector.get(device);
  cublasLtMatmulDescDestroy(description);
  cublasLtDestroy(handle);

  const auto a_at = [&](std::size_t r, std::size_t i) {
    const std::size_t place =
        how.transpose_a ? at(i, r, k, m, how.by_rows) : at(r, i, m, k, how.by_rows);
    return static_cast<double>(static_cast<float>(a[place]));
  };
  const auto b_at = [&](std::size_t i, std::size_t col) {
    const std::size_t place =
        how.transpose_b ? at(col, i, n, k, how.by_rows) : at(i, col, k, n, how.by_rows);
    return static_cast<double>(static_cast<float>(b[place]));
  };
  for (std::size_t r = 0; r < m; ++r)
    for (std::size_t col = 0; col < n; ++col) {
      const std::size_t place = at(r, col, m, n, how.by_rows);
      double expected = static_cast<double>(how.beta * static_cast<float>(c[place]));
      for (std::size_t i = 0; i < k; ++i) expected += a_at(r, i) * b_at(i, col);
      if (how.epilogue == CUBLASLT_EPILOGUE_BIAS)
        expected += static_cast<double>(static_cast<float>(bias[r]));
      CHECK(static_cast<double>(static_cast<float>(found[place])) == expected);
    }
  if (how.epilogue == CUBLASLT_EPILOGUE_BGRADA)
    for (std::size_t r = 0; r < m; ++r) {
      double expected = 0;
      for (std::size_t i = 0; i < k; ++i) expected += a_at(r, i);
      CHECK(static_cast<double>(static_cast<float>(sums[r])) == expected);
    }
  if (how.epilogue == CUBLASLT_EPILOGUE_BGRADB)
    for (std::size_t col = 0; col < n; ++col) {
      double expected = 0;
      for (std::size_t i = 0; i < k; ++i) expected += b_at(i, col);
      CHECK(static_cast<double>(static_cast<float>(sums[col])) == expected);
    }
}

template <class S, class D>
void check_all() {
  for (const bool a : {false, true})
    for (const bool b : {false, true})
      for (const bool rows : {false, true})
        for (const float beta : {0.f, 1.f})
          for (const auto epilogue : {CUBLASLT_EPILOGUE_DEFAULT, CUBLASLT_EPILOGUE_BIAS,
                                      CUBLASLT_EPILOGUE_BGRADA, CUBLASLT_EPILOGUE_BGRADB})
            check<S, D>({a, b, rows, beta, epilogue});
}

}  // namespace

TEST_CASE("products of float") { check_all<float, float>(); }
TEST_CASE("products of bfloat16 into float") { check_all<__nv_bfloat16, float>(); }
TEST_CASE("products of bfloat16") { check_all<__nv_bfloat16, __nv_bfloat16>(); }
TEST_CASE("products of half into float") { check_all<__half, float>(); }
TEST_CASE("products of half") { check_all<__half, __half>(); }
