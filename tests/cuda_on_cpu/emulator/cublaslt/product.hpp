// SPDX-License-Identifier: MIT
// What cuBLASLt's handles stand for, and the product: D = alpha op(A) op(B) + beta C and what its
// epilogue adds. Sums are in float.   D (M, N), op(A) (M, K), op(B) (K, N)
#pragma once

#include <cublasLt.h>

#include <cstddef>
#include <cstdint>

namespace emulator::lt {

/// Attributes of a cublasLtMatmulDesc_t, by NVIDIA's names and types.
struct Description {
  cublasComputeType_t compute = CUBLAS_COMPUTE_32F;
  cudaDataType_t scale = CUDA_R_32F;
  std::int32_t transpose_a = CUBLAS_OP_N, transpose_b = CUBLAS_OP_N, transpose_c = CUBLAS_OP_N;
  std::int32_t pointer_mode = CUBLASLT_POINTER_MODE_HOST;
  std::uint32_t epilogue = CUBLASLT_EPILOGUE_DEFAULT;
  void* vector = nullptr;  // a bias, or where the gradient of one goes
  std::int32_t vector_type = -1;
  std::int64_t vector_stride = 0;  // between the products of a batch
  void* auxiliary = nullptr;       // what GELU was of, column-major
  std::int32_t auxiliary_type = -1;
  std::int64_t auxiliary_leading = 0, auxiliary_stride = 0;

  bool has(std::uint32_t bits) const { return (epilogue & bits) == bits; }
  bool adds_bias() const { return has(CUBLASLT_EPILOGUE_BIAS); }
  bool has_vector() const;
  bool has_auxiliary() const { return has(128); }
};

struct Layout {
  std::uint32_t type = CUDA_R_32F;
  std::uint64_t rows = 0, cols = 0;
  std::int64_t leading = 0;
  std::int32_t order = CUBLASLT_ORDER_COL;
  std::int32_t batch = 1;
  std::int64_t stride = 0;  // between the matrices of a batch

  bool by_columns() const { return order == CUBLASLT_ORDER_COL; }
  std::size_t at(std::size_t row, std::size_t col) const {
    const auto step = static_cast<std::size_t>(leading);
    return by_columns() ? row + col * step : row * step + col;
  }
  std::size_t bytes() const;  // from the first element of the first matrix to the last one's
};

/// 0 for a type that is not emulated.
std::size_t size_of(std::uint32_t type);

struct Operands {
  Description description;
  Layout a, b, c, d;
};

/// What cublasLt.h says it takes: types that go together, extents that fit, epilogues.
cublasStatus_t check(const Operands& operands);

struct Addresses {
  const void *a, *b, *c;
  void* d;
};

/// Fails where a matrix reaches beyond its allocation, or D overlaps A or B.
void check_addresses(const Operands& operands, const Addresses& addresses, float beta);

void multiply(const Operands& operands, float alpha, const Addresses& addresses, float beta);

}  // namespace emulator::lt
