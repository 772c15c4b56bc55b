// SPDX-License-Identifier: MIT
// Products of matrices by cuBLASLt: one plan per shape, whose bits are the same in every run.
#pragma once

#include <cublasLt.h>

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "extrema/core/bfloat16.hpp"
#include "extrema/core/float16.hpp"
#include "extrema/core/gradient.hpp"
#include "extrema/cuda/device.cuh"
#include "extrema/cuda/lt_choice.cuh"

namespace extrema::cuda {

inline void check(cublasStatus_t status, const char* what) {
  if (status != CUBLAS_STATUS_SUCCESS)
    throw Error{what, ": cuBLASLt says ", cublasLtGetStatusString(status)};
}

template <class S>
inline constexpr cudaDataType_t data_type = CUDA_R_32F;
template <>
inline constexpr cudaDataType_t data_type<bfloat16> = CUDA_R_16BF;
template <>
inline constexpr cudaDataType_t data_type<float16> = CUDA_R_16F;

enum class Transposed : bool { no, yes };

/// c = op(a) op(b) + bias, or c += it; all row-major. The bias has the type of c.
template <class S, class C>
struct Product {
  Matrix<const S> a;  // (M, K), or (K, M) transposed
  Transposed a_is = Transposed::no;
  Matrix<const S> b;  // (K, N), or (N, K) transposed
  Transposed b_is = Transposed::no;
  Gradient<C> c;            // (M, N)
  const C* bias = nullptr;  // (1, N), or none

  Index inner() const { return a_is == Transposed::no ? a.cols : a.rows; }
};

namespace detail {

template <class T, cublasStatus_t (*destroy)(T)>
struct Destroy {
  using pointer = T;
  void operator()(T handle) const { destroy(handle); }
};
template <class T, cublasStatus_t (*destroy)(T)>
using Handle = std::unique_ptr<T, Destroy<T, destroy>>;
using LtHandle = Handle<cublasLtHandle_t, cublasLtDestroy>;
using Description = Handle<cublasLtMatmulDesc_t, cublasLtMatmulDescDestroy>;
using MatrixLayout = Handle<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy>;
using Preference = Handle<cublasLtMatmulPreference_t, cublasLtMatmulPreferenceDestroy>;

inline MatrixLayout matrix_layout(cudaDataType_t type, Index rows, Index cols, Index stride) {
  cublasLtMatrixLayout_t layout = nullptr;
  check(cublasLtMatrixLayoutCreate(&layout, type, static_cast<std::uint64_t>(rows),
                                   static_cast<std::uint64_t>(cols), stride),
        "cublasLtMatrixLayoutCreate");
  return MatrixLayout{layout};
}

/// What the choice of an algorithm depends on.
struct ProductKey {
  Index rows, cols, inner;
  Transposed a_is, b_is;
  bool biased, accumulate;
  cudaDataType_t type, result;
  std::uint32_t a_alignment, b_alignment, c_alignment, bias_alignment;  // bytes, up to 256
  friend auto operator<=>(const ProductKey&, const ProductKey&) = default;
};

inline std::uint32_t alignment_of(const void* pointer) {
  const auto address = reinterpret_cast<std::uintptr_t>(pointer) | 256u;
  return static_cast<std::uint32_t>(address & (~address + 1));
}

template <class S, class C>
ProductKey key_of(const Product<S, C>& p) {
  return {p.c.tensor.rows,
          p.c.tensor.cols,
          p.inner(),
          p.a_is,
          p.b_is,
          p.bias != nullptr,
          p.c.accumulate,
          data_type<S>,
          data_type<C>,
          alignment_of(p.a.data),
          alignment_of(p.b.data),
          alignment_of(p.c.tensor.data),
          alignment_of(p.bias)};
}

/// cuBLASLt is column-major: it sees every row-major matrix transposed, so it is asked for
/// cᵀ = op(b)ᵀ op(a)ᵀ, with b first.
struct Plan {
  Description description;
  MatrixLayout first, second, result;
  cublasLtMatmulHeuristicResult_t algorithm{};

  template <class T>
  void set(cublasLtMatmulDescAttributes_t attribute, const T& value) const {
    check(cublasLtMatmulDescSetAttribute(description.get(), attribute, &value, sizeof value),
          "cublasLtMatmulDescSetAttribute");
  }
};

}  // namespace detail

/// How fp32 operands are multiplied; sums are float always.
enum class Fp32 { exact, tf32 };

/// The engine of products. Its workspace and, per shape, its algorithm stay the same; what a
/// product adds up in which order is the same in every run. Not for several streams at a time.
template <Fp32 fp32_is = Fp32::exact>
class Lt {
 public:
  Lt() {
    cublasLtHandle_t handle = nullptr;
    check(cublasLtCreate(&handle), "cublasLtCreate");
    handle_.reset(handle);
  }

  /// Throws Error where cuBLASLt has no algorithm.
  template <class Device, class S, class C>
  void operator()(Device& device, const Product<S, C>& p) {
    if (p.c.tensor.rows == 0 || p.c.tensor.cols == 0) return;
    const detail::ProductKey key = detail::key_of(p);
    auto place = plans_.find(key);
    if (place == plans_.end()) place = plans_.emplace(key, make(device, key, p)).first;
    const detail::Plan& plan = place->second;
    if (p.bias) plan.set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, static_cast<const void*>(p.bias));
    check(multiply(device, plan, plan.algorithm, p), "cublasLtMatmul");
  }

  /// Products of at least so many multiplications are worth a choice of algorithm, the first 256 of
  /// them (1e9 unless told).
  void choose_from(double multiplications) { worth_a_choice_ = multiplications; }

 private:
  static constexpr Index workspace_bytes = 32 << 20;  // what NVIDIA advises for Hopper
  /// Views of varying length bring new products with every step.
  static constexpr int most_choices = 256;

  template <class Device, class S, class C>
  cublasStatus_t multiply(Device& device, const detail::Plan& plan,
                          const cublasLtMatmulHeuristicResult_t& algorithm,
                          const Product<S, C>& p) const {
    const float one = 1, beta = p.c.accumulate ? 1 : 0;
    C* const to = p.c.tensor.data;
    return cublasLtMatmul(handle_.get(), plan.description.get(), &one, p.b.data, plan.first.get(),
                          p.a.data, plan.second.get(), &beta, to, plan.result.get(), to,
                          plan.result.get(), &algorithm.algo, workspace_.data(),
                          algorithm.workspaceSize, device.stream());
  }

  template <class Device, class S, class C>
  detail::Plan make(Device& device, const detail::ProductKey& key, const Product<S, C>& p) {
    detail::Plan plan;
    cublasLtMatmulDesc_t description = nullptr;
    const bool rounded = fp32_is == Fp32::tf32 && key.type == CUDA_R_32F;
    check(
        cublasLtMatmulDescCreate(
            &description, rounded ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F, CUDA_R_32F),
        "cublasLtMatmulDescCreate");
    plan.description.reset(description);
    const bool a = key.a_is == Transposed::yes, b = key.b_is == Transposed::yes;
    plan.set(CUBLASLT_MATMUL_DESC_TRANSA, b ? CUBLAS_OP_T : CUBLAS_OP_N);
    plan.set(CUBLASLT_MATMUL_DESC_TRANSB, a ? CUBLAS_OP_T : CUBLAS_OP_N);
    if (key.biased) {
      plan.set(CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_BIAS);
      plan.set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, static_cast<const void*>(p.bias));
    }
    const auto stored = [&](bool transposed, Index rows, Index cols) {
      return transposed ? detail::matrix_layout(key.type, cols, rows, cols)
                        : detail::matrix_layout(key.type, rows, cols, rows);
    };
    plan.first = stored(b, key.cols, key.inner);
    plan.second = stored(a, key.inner, key.rows);
    plan.result = detail::matrix_layout(key.result, key.cols, key.rows, key.cols);

    const auto proposals = propose(plan, key);
    std::size_t best = 0;
    const double size = static_cast<double>(key.rows * key.cols) * static_cast<double>(key.inner);
    if (size >= worth_a_choice_ && choices_ < most_choices) {
      ++choices_;
      Product<S, C> trial = p;
      best = static_cast<std::size_t>(detail::fastest_algorithm<S, C>(
          device, static_cast<int>(proposals.size()), {p.a.size(), p.b.size(), p.c.tensor.size()},
          [&](int i, const S* left, const S* right, C* to) {
            trial.a.data = left, trial.b.data = right, trial.c.tensor.data = to;
            return multiply(device, plan, proposals[static_cast<std::size_t>(i)], trial) ==
                   CUBLAS_STATUS_SUCCESS;
          }));
    }
    plan.algorithm = proposals[best];
    return plan;
  }

  /// What the library proposes, best first, of the algorithms whose sums have one order. Throws
  /// Error where there is none.
  std::vector<cublasLtMatmulHeuristicResult_t> propose(const detail::Plan& plan,
                                                       const detail::ProductKey& key) const {
    cublasLtMatmulPreference_t made = nullptr;
    check(cublasLtMatmulPreferenceCreate(&made), "cublasLtMatmulPreferenceCreate");
    const detail::Preference preference{made};
    const auto set = [&](cublasLtMatmulPreferenceAttributes_t attribute, const auto& value) {
      check(cublasLtMatmulPreferenceSetAttribute(preference.get(), attribute, &value, sizeof value),
            "cublasLtMatmulPreferenceSetAttribute");
    };
    set(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, static_cast<std::uint64_t>(workspace_bytes));
    set(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
        static_cast<std::uint32_t>(CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE));
    set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, key.b_alignment);
    set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, key.a_alignment);
    set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, key.c_alignment);
    set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, key.c_alignment);
    std::vector<cublasLtMatmulHeuristicResult_t> proposals(8);
    int found = 0;
    const cublasStatus_t status = cublasLtMatmulAlgoGetHeuristic(
        handle_.get(), plan.description.get(), plan.first.get(), plan.second.get(),
        plan.result.get(), plan.result.get(), preference.get(), static_cast<int>(proposals.size()),
        proposals.data(), &found);
    if (status == CUBLAS_STATUS_NOT_SUPPORTED || (status == CUBLAS_STATUS_SUCCESS && found == 0))
      throw Error{"cuBLASLt has no algorithm for a product of ",
                  key.rows,
                  " x ",
                  key.inner,
                  " x ",
                  key.cols};
    check(status, "cublasLtMatmulAlgoGetHeuristic");
    proposals.resize(static_cast<std::size_t>(found));
    return proposals;
  }

  detail::LtHandle handle_;
  Buffer<std::byte, Memory> workspace_{workspace_bytes};
  std::map<detail::ProductKey, detail::Plan> plans_;
  double worth_a_choice_ = 1e9;
  int choices_ = 0;
};

/// A device whose products are cuBLASLt's: Device is float throughout.
template <class Format, Fp32 fp32_is = Fp32::exact>
using LtDevice = BasicDevice<Format, Lt<fp32_is>>;
using Device = LtDevice<fp32>;

}  // namespace extrema::cuda
