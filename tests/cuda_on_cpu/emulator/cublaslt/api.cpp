// SPDX-License-Identifier: MIT
// The functions of cuBLASLt that the library uses.
#include <cublasLt.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "../failure.hpp"
#include "../memory.hpp"
#include "../queues.hpp"
#include "product.hpp"

namespace emulator::lt {

namespace {

/// The alignments that an algorithm was chosen for: of A, B, C, D, in bytes.
using Alignments = std::array<std::uint32_t, 4>;

struct Preference {
  std::uint64_t workspace = 0;
  Alignments alignments{256, 256, 256, 256};
};

// The toolkit's handles point to structs that it does not declare.
Description& of(cublasLtMatmulDesc_t handle) { return *reinterpret_cast<Description*>(handle); }
Layout& of(cublasLtMatrixLayout_t handle) { return *reinterpret_cast<Layout*>(handle); }
Preference& of(cublasLtMatmulPreference_t handle) { return *reinterpret_cast<Preference*>(handle); }

template <class T>
cublasStatus_t assign(T& to, const void* from, std::size_t bytes) {
  if (!from || bytes != sizeof to) return CUBLAS_STATUS_INVALID_VALUE;
  std::memcpy(&to, from, bytes);
  return CUBLAS_STATUS_SUCCESS;
}

void check_alignments(const cublasLtMatmulAlgo_t& algorithm, const Addresses& at) {
  Alignments alignments;
  std::memcpy(&alignments, &algorithm, sizeof alignments);
  const std::array<const void*, 4> pointers{at.a, at.b, at.c, at.d};
  for (std::size_t i = 0; i < pointers.size(); ++i)
    if (alignments[i] > 0 && reinterpret_cast<std::uintptr_t>(pointers[i]) % alignments[i] != 0)
      fail(std::string{"cublasLtMatmul: the algorithm was chosen for matrices aligned to "} +
           std::to_string(alignments[i]) + " bytes, and " + "ABCD"[i] + " is not");
}

/// Scratch memory holds nothing that anyone may read afterwards.
void clobber(void* workspace, std::size_t bytes) {
  check_device_range(workspace, bytes, "cublasLtMatmul, workspace");
  std::memset(workspace, 0xff, bytes);
}

}  // namespace
}  // namespace emulator::lt

using namespace emulator::lt;

extern "C" {

cublasStatus_t cublasLtCreate(cublasLtHandle_t* handle) {
  *handle = reinterpret_cast<cublasLtHandle_t>(new char);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) {
  delete reinterpret_cast<char*>(handle);
  return CUBLAS_STATUS_SUCCESS;
}
size_t cublasLtGetVersion() { return CUBLAS_VERSION; }
const char* cublasLtGetStatusName(cublasStatus_t status) {
  switch (status) {
    case CUBLAS_STATUS_SUCCESS:
      return "CUBLAS_STATUS_SUCCESS";
    case CUBLAS_STATUS_INVALID_VALUE:
      return "CUBLAS_STATUS_INVALID_VALUE";
    case CUBLAS_STATUS_NOT_SUPPORTED:
      return "CUBLAS_STATUS_NOT_SUPPORTED";
    default:
      return "a status that the emulator has no name for";
  }
}
const char* cublasLtGetStatusString(cublasStatus_t status) { return cublasLtGetStatusName(status); }

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* handle, cublasComputeType_t compute,
                                        cudaDataType_t scale) {
  auto* made = new Description;
  made->compute = compute;
  made->scale = scale;
  *handle = reinterpret_cast<cublasLtMatmulDesc_t>(made);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t handle) {
  delete &of(handle);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t handle,
                                              cublasLtMatmulDescAttributes_t attribute,
                                              const void* value, size_t bytes) {
  Description& d = of(handle);
  switch (attribute) {
    case CUBLASLT_MATMUL_DESC_TRANSA:
      return assign(d.transpose_a, value, bytes);
    case CUBLASLT_MATMUL_DESC_TRANSB:
      return assign(d.transpose_b, value, bytes);
    case CUBLASLT_MATMUL_DESC_TRANSC:
      return assign(d.transpose_c, value, bytes);
    case CUBLASLT_MATMUL_DESC_POINTER_MODE:
      return assign(d.pointer_mode, value, bytes);
    case CUBLASLT_MATMUL_DESC_EPILOGUE:
      return assign(d.epilogue, value, bytes);
    case CUBLASLT_MATMUL_DESC_BIAS_POINTER:
      return assign(d.vector, value, bytes);
    case CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE:
      return assign(d.vector_type, value, bytes);
    case CUBLASLT_MATMUL_DESC_BIAS_BATCH_STRIDE:
      return assign(d.vector_stride, value, bytes);
    case CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER:
      return assign(d.auxiliary, value, bytes);
    case CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD:
      return assign(d.auxiliary_leading, value, bytes);
    case CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_BATCH_STRIDE:
      return assign(d.auxiliary_stride, value, bytes);
    case CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_DATA_TYPE:
      return assign(d.auxiliary_type, value, bytes);
    default:
      return CUBLAS_STATUS_NOT_SUPPORTED;
  }
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* handle, cudaDataType type,
                                          uint64_t rows, uint64_t cols, int64_t leading) {
  auto* made = new Layout;
  made->type = static_cast<std::uint32_t>(type);
  made->rows = rows;
  made->cols = cols;
  made->leading = leading;
  *handle = reinterpret_cast<cublasLtMatrixLayout_t>(made);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t handle) {
  delete &of(handle);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatrixLayoutSetAttribute(cublasLtMatrixLayout_t handle,
                                                cublasLtMatrixLayoutAttribute_t attribute,
                                                const void* value, size_t bytes) {
  Layout& l = of(handle);
  switch (attribute) {
    case CUBLASLT_MATRIX_LAYOUT_TYPE:
      return assign(l.type, value, bytes);
    case CUBLASLT_MATRIX_LAYOUT_ORDER:
      return assign(l.order, value, bytes);
    case CUBLASLT_MATRIX_LAYOUT_ROWS:
      return assign(l.rows, value, bytes);
    case CUBLASLT_MATRIX_LAYOUT_COLS:
      return assign(l.cols, value, bytes);
    case CUBLASLT_MATRIX_LAYOUT_LD:
      return assign(l.leading, value, bytes);
    case CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT:
      return assign(l.batch, value, bytes);
    case CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET:
      return assign(l.stride, value, bytes);
    default:
      return CUBLAS_STATUS_NOT_SUPPORTED;
  }
}

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* handle) {
  *handle = reinterpret_cast<cublasLtMatmulPreference_t>(new Preference);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t handle) {
  delete &of(handle);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t handle,
                                                    cublasLtMatmulPreferenceAttributes_t attribute,
                                                    const void* value, size_t bytes) {
  Preference& p = of(handle);
  switch (attribute) {
    case CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES:
      return assign(p.workspace, value, bytes);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES:
      return assign(p.alignments[0], value, bytes);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES:
      return assign(p.alignments[1], value, bytes);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES:
      return assign(p.alignments[2], value, bytes);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES:
      return assign(p.alignments[3], value, bytes);
    default:
      return CUBLAS_STATUS_SUCCESS;
  }
}

/// Two algorithms, which do the same, and ask for as much workspace as they may have, up to 64 KiB.
cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t, cublasLtMatmulDesc_t description,
                                              cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                              cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                              cublasLtMatmulPreference_t preference, int most,
                                              cublasLtMatmulHeuristicResult_t results[],
                                              int* found) {
  *found = 0;
  if (most < 1) return CUBLAS_STATUS_INVALID_VALUE;
  const cublasStatus_t status = check({of(description), of(a), of(b), of(c), of(d)});
  if (status != CUBLAS_STATUS_SUCCESS) return status;
  const Preference& preferred = of(preference);
  for (*found = 0; *found < std::min(most, 2); ++*found) {
    results[*found] = {};
    results[*found].workspaceSize = std::min<std::size_t>(preferred.workspace, 64 << 10);
    std::memcpy(&results[*found].algo, &preferred.alignments, sizeof preferred.alignments);
  }
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t, cublasLtMatmulDesc_t description, const void* alpha,
                              const void* a, cublasLtMatrixLayout_t a_layout, const void* b,
                              cublasLtMatrixLayout_t b_layout, const void* beta, const void* c,
                              cublasLtMatrixLayout_t c_layout, void* d,
                              cublasLtMatrixLayout_t d_layout,
                              const cublasLtMatmulAlgo_t* algorithm, void* workspace,
                              size_t workspace_bytes, cudaStream_t stream) {
  const Operands operands{of(description), of(a_layout), of(b_layout), of(c_layout), of(d_layout)};
  const cublasStatus_t status = check(operands);
  if (status != CUBLAS_STATUS_SUCCESS) return status;
  const bool aligned = reinterpret_cast<std::uintptr_t>(workspace) % 16 == 0;
  if (!a || !b || !d || (workspace_bytes > 0 && (!workspace || !aligned)))
    return CUBLAS_STATUS_INVALID_VALUE;
  const Addresses addresses{a, b, c, d};
  if (algorithm) check_alignments(*algorithm, addresses);
  const float alpha_is = *static_cast<const float*>(alpha),
              beta_is = *static_cast<const float*>(beta);
  emulator::enqueue(stream, "cublasLtMatmul", [=] {
    const emulator::DeviceAccess open;
    check_addresses(operands, addresses, beta_is);
    if (workspace_bytes > 0) clobber(workspace, workspace_bytes);
    multiply(operands, alpha_is, addresses, beta_is);
    return true;
  });
  return CUBLAS_STATUS_SUCCESS;
}

}  // extern "C"
