// SPDX-License-Identifier: MIT
#include <algorithm>
#include <string>

#include "../failure.hpp"
#include "../memory.hpp"
#include "../settings.hpp"
#include "product.hpp"

namespace emulator::lt {

bool Description::has_vector() const {
  constexpr std::uint32_t gradient_of_output = 16;  // in DGELU_BGRAD
  return (epilogue & (CUBLASLT_EPILOGUE_BIAS | gradient_of_output | CUBLASLT_EPILOGUE_BGRADA |
                      CUBLASLT_EPILOGUE_BGRADB)) != 0;
}

std::size_t size_of(std::uint32_t type) {
  switch (type) {
    case CUDA_R_32F:
      return 4;
    case CUDA_R_16BF:
    case CUDA_R_16F:
      return 2;
    default:
      return 0;
  }
}

std::size_t Layout::bytes() const {
  if (rows == 0 || cols == 0) return 0;
  const std::size_t before = static_cast<std::size_t>(batch - 1) * static_cast<std::size_t>(stride);
  return (before + at(rows - 1, cols - 1) + 1) * size_of(type);
}

static bool is_sound(const Layout& l) {
  const auto least = static_cast<std::int64_t>(l.by_columns() ? l.rows : l.cols);
  const bool order = l.order == CUBLASLT_ORDER_COL || l.order == CUBLASLT_ORDER_ROW;
  return size_of(l.type) > 0 && order && l.leading >= least && l.batch >= 1 && l.stride >= 0;
}

static bool extents_fit(const Operands& o) {
  const auto rows = [](const Layout& l, int t) { return t == CUBLAS_OP_N ? l.rows : l.cols; };
  const auto cols = [](const Layout& l, int t) { return t == CUBLAS_OP_N ? l.cols : l.rows; };
  const Description& how = o.description;
  return rows(o.a, how.transpose_a) == o.d.rows && cols(o.b, how.transpose_b) == o.d.cols &&
         cols(o.a, how.transpose_a) == rows(o.b, how.transpose_b) && o.c.rows == o.d.rows &&
         o.c.cols == o.d.cols && o.a.batch == o.d.batch && o.b.batch == o.d.batch &&
         o.c.batch == o.d.batch && how.transpose_c == CUBLAS_OP_N;
}

/// Operands of one type; the result of theirs, or float.
static bool types_go_together(const Operands& o) {
  const auto compute = o.description.compute;
  const bool float_sums = compute == CUBLAS_COMPUTE_32F || compute == CUBLAS_COMPUTE_32F_FAST_TF32;
  return float_sums && o.description.scale == CUDA_R_32F && o.a.type == o.b.type &&
         o.c.type == o.d.type && (o.d.type == CUDA_R_32F || o.d.type == o.a.type);
}

static bool is_emulated(std::uint32_t epilogue) {
  switch (epilogue) {
    case CUBLASLT_EPILOGUE_DEFAULT:
    case CUBLASLT_EPILOGUE_BIAS:
    case CUBLASLT_EPILOGUE_RELU:
    case CUBLASLT_EPILOGUE_RELU_BIAS:
    case CUBLASLT_EPILOGUE_GELU:
    case CUBLASLT_EPILOGUE_GELU_BIAS:
    case CUBLASLT_EPILOGUE_GELU_AUX:
    case CUBLASLT_EPILOGUE_GELU_AUX_BIAS:
    case CUBLASLT_EPILOGUE_DGELU:
    case CUBLASLT_EPILOGUE_DGELU_BGRAD:
      return true;
    case CUBLASLT_EPILOGUE_BGRADA:
    case CUBLASLT_EPILOGUE_BGRADB:
      return settings().vector_sums;
    default:
      return false;
  }
}

/// The vector and the auxiliary matrix have the result's type (fp8 and int8 apart).
static cublasStatus_t check_epilogue(const Description& how, const Layout& d) {
  const auto type = static_cast<std::int32_t>(d.type);
  if (!is_emulated(how.epilogue)) return CUBLAS_STATUS_NOT_SUPPORTED;
  if (how.has_vector()) {
    if (how.vector_type != -1 && how.vector_type != type) return CUBLAS_STATUS_NOT_SUPPORTED;
    if (!how.vector) return CUBLAS_STATUS_INVALID_VALUE;
  }
  if (how.has_auxiliary()) {
    if (how.auxiliary_type != -1 && how.auxiliary_type != type) return CUBLAS_STATUS_NOT_SUPPORTED;
    const bool aligned = reinterpret_cast<std::uintptr_t>(how.auxiliary) % 16 == 0;
    const bool fits = how.auxiliary_leading % 8 == 0 &&
                      how.auxiliary_leading >= static_cast<std::int64_t>(d.rows);
    if (!how.auxiliary || !aligned || !fits || (d.batch > 1 && how.auxiliary_stride % 8 != 0))
      return CUBLAS_STATUS_INVALID_VALUE;
  }
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t check(const Operands& o) {
  for (const Layout* layout : {&o.a, &o.b, &o.c, &o.d})
    if (!is_sound(*layout)) return CUBLAS_STATUS_INVALID_VALUE;
  if (!extents_fit(o)) return CUBLAS_STATUS_INVALID_VALUE;
  if (!types_go_together(o) || o.description.pointer_mode != CUBLASLT_POINTER_MODE_HOST)
    return CUBLAS_STATUS_NOT_SUPPORTED;
  return check_epilogue(o.description, o.d);
}

static bool overlap(const void* p, std::size_t p_bytes, const void* q, std::size_t q_bytes) {
  const auto a = reinterpret_cast<std::uintptr_t>(p), b = reinterpret_cast<std::uintptr_t>(q);
  return a < b + q_bytes && b < a + p_bytes;
}

void check_addresses(const Operands& o, const Addresses& at, float beta) {
  check_device_range(at.a, o.a.bytes(), "cublasLtMatmul, A");
  check_device_range(at.b, o.b.bytes(), "cublasLtMatmul, B");
  check_device_range(at.d, o.d.bytes(), "cublasLtMatmul, D");
  if (beta != 0) check_device_range(at.c, o.c.bytes(), "cublasLtMatmul, C");
  if (o.description.has_vector()) {
    const bool of_columns = o.description.has(CUBLASLT_EPILOGUE_BGRADB);
    const std::size_t elements = of_columns ? o.d.cols : o.d.rows;
    check_device_range(o.description.vector, elements * size_of(o.d.type),
                       "cublasLtMatmul, the epilogue's vector");
  }
  if (overlap(at.d, o.d.bytes(), at.a, o.a.bytes()) ||
      overlap(at.d, o.d.bytes(), at.b, o.b.bytes()))
    fail("cublasLtMatmul: D overlaps A or B");
}

}  // namespace emulator::lt
