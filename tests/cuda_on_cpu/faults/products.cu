// SPDX-License-Identifier: MIT
// Mistakes with cuBLASLt.   y (4, 8) = x (4, 16) w^T (16, 8) + bias
#include <cublasLt.h>

#include <stdexcept>
#include <string>

#include "case.hpp"
#include "extrema/core/bfloat16.hpp"

namespace faults {

using extrema::bfloat16;

namespace {

struct Mistake {
  cudaDataType_t bias_type = CUDA_R_16BF;  // has to be that of y
  std::size_t x_rows = 4;                  // that are allocated
  std::size_t offset = 0;                  // of w, in elements
};

void check(cublasStatus_t status) {
  if (status != CUBLAS_STATUS_SUCCESS)
    throw std::runtime_error{"cuBLASLt status " + std::to_string(static_cast<int>(status))};
}

/// Column-major, as cuBLASLt: yᵀ (8, 4) = w (8, 16) xᵀ (16, 4).
class Product {
 public:
  explicit Product(const Mistake& mistake) {
    check(cublasLtCreate(&handle_));
    check(cublasLtMatmulDescCreate(&description_, CUBLAS_COMPUTE_32F, CUDA_R_32F));
    set(CUBLASLT_MATMUL_DESC_TRANSA, CUBLAS_OP_T);
    set(CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_BIAS);
    set(CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, mistake.bias_type);
    check(cublasLtMatrixLayoutCreate(&w_, CUDA_R_16BF, 16, 8, 16));
    check(cublasLtMatrixLayoutCreate(&x_, CUDA_R_16BF, 16, 4, 16));
    check(cublasLtMatrixLayoutCreate(&y_, CUDA_R_16BF, 8, 4, 8));
  }
  Product(const Product&) = delete;
  ~Product() {
    cublasLtMatrixLayoutDestroy(y_);
    cublasLtMatrixLayoutDestroy(x_);
    cublasLtMatrixLayoutDestroy(w_);
    cublasLtMatmulDescDestroy(description_);
    cublasLtDestroy(handle_);
  }

  void run(Device& device, const bfloat16* w, const bfloat16* x, const bfloat16* bias,
           bfloat16* y) {
    set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, static_cast<const void*>(bias));
    cublasLtMatmulPreference_t preference = nullptr;
    check(cublasLtMatmulPreferenceCreate(&preference));
    cublasLtMatmulHeuristicResult_t best{};
    int found = 0;
    const cublasStatus_t status = cublasLtMatmulAlgoGetHeuristic(handle_, description_, w_, x_, y_,
                                                                 y_, preference, 1, &best, &found);
    cublasLtMatmulPreferenceDestroy(preference);
    check(status);
    const float one = 1, zero = 0;
    check(cublasLtMatmul(handle_, description_, &one, w, w_, x, x_, &zero, y, y_, y, y_, &best.algo,
                         nullptr, 0, device.stream()));
  }

 private:
  template <class T>
  void set(cublasLtMatmulDescAttributes_t attribute, const T& value) {
    check(cublasLtMatmulDescSetAttribute(description_, attribute, &value, sizeof value));
  }
  cublasLtHandle_t handle_{};
  cublasLtMatmulDesc_t description_{};
  cublasLtMatrixLayout_t w_{}, x_{}, y_{};
};

bool linear(const Mistake& mistake) {
  Device device;
  Product product{mistake};
  const bfloat16 one{1.f}, two{2.f};
  const Values<bfloat16> w{std::vector<bfloat16>(8 * 16 + 8, one)},
      x{std::vector<bfloat16>(mistake.x_rows * 16, two)}, bias{std::vector<bfloat16>(8, one)},
      y{std::vector<bfloat16>(4 * 8)};
  product.run(device, w.data() + mistake.offset, x.data(), bias.data(), y.data());
  return near(static_cast<float>(y.get(device)[31]), 33);
}
bool bias_of_another_type(bool broken) {
  return linear(broken ? Mistake{.bias_type = CUDA_R_32F} : Mistake{});
}
bool operand_too_small(bool broken) { return linear(broken ? Mistake{.x_rows = 3} : Mistake{}); }
bool operand_misaligned(bool broken) { return linear(broken ? Mistake{.offset = 4} : Mistake{}); }

}  // namespace

std::vector<Case> of_products() {
  return {{"bias_of_another_type", bias_of_another_type},
          {"operand_too_small", operand_too_small},
          {"operand_misaligned", operand_misaligned}};
}

}  // namespace faults
