// SPDX-License-Identifier: MIT
#include "product.hpp"

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <bit>
#include <cmath>
#include <vector>

namespace emulator::lt {

namespace {

/// Column-major, without gaps.
struct Floats {
  std::size_t rows, cols;
  std::vector<float> values{};

  Floats(std::size_t r, std::size_t c) : rows{r}, cols{c}, values(r * c) {}
  float& at(std::size_t row, std::size_t col) { return values[row + col * rows]; }
  float at(std::size_t row, std::size_t col) const { return values[row + col * rows]; }
};

/// Elements of a type that is known when the program runs.
struct Elements {
  std::uint32_t type;
  char* first;

  float get(std::size_t i) const {
    const char* const place = first + i * size_of(type);
    if (type == CUDA_R_32F) return *reinterpret_cast<const float*>(place);
    if (type == CUDA_R_16F) return __half2float(*reinterpret_cast<const __half*>(place));
    return __bfloat162float(*reinterpret_cast<const __nv_bfloat16*>(place));
  }
  void set(std::size_t i, float value) const {
    char* const place = first + i * size_of(type);
    if (type == CUDA_R_32F) *reinterpret_cast<float*>(place) = value;
    else if (type == CUDA_R_16F) *reinterpret_cast<__half*>(place) = __float2half_rn(value);
    else *reinterpret_cast<__nv_bfloat16*>(place) = __float2bfloat16_rn(value);
  }
};

/// The `number`-th of a batch.
Elements elements(const void* base, std::uint32_t type, int number, std::int64_t stride) {
  const auto offset = static_cast<std::size_t>(number) * static_cast<std::size_t>(stride);
  return {type, static_cast<char*>(const_cast<void*>(base)) + offset * size_of(type)};
}
Elements elements(const void* base, const Layout& layout, int number) {
  return elements(base, layout.type, number, layout.stride);
}

/// To the 10 bits of mantissa of TF32, to nearest even.
float rounded_to_tf32(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  return std::bit_cast<float>((bits + 0xfffu + (bits >> 13 & 1u)) & ~0x1fffu);
}

/// op(matrix)
Floats load(Elements from, const Layout& layout, bool transposed, bool to_tf32) {
  Floats result{transposed ? layout.cols : layout.rows, transposed ? layout.rows : layout.cols};
  for (std::size_t c = 0; c < layout.cols; ++c)
    for (std::size_t r = 0; r < layout.rows; ++r) {
      const float value = from.get(layout.at(r, c));
      (transposed ? result.at(c, r) : result.at(r, c)) = to_tf32 ? rounded_to_tf32(value) : value;
    }
  return result;
}

Floats product(const Floats& a, const Floats& b, float alpha) {
  Floats result{a.rows, b.cols};
  for (std::size_t c = 0; c < b.cols; ++c) {
    float* const sums = &result.values[c * a.rows];
    for (std::size_t k = 0; k < a.cols; ++k) {
      const float* const column = &a.values[k * a.rows];
      const float factor = b.at(k, c);
      for (std::size_t r = 0; r < a.rows; ++r) sums[r] += column[r] * factor;
    }
    for (std::size_t r = 0; r < a.rows; ++r) sums[r] *= alpha;
  }
  return result;
}

constexpr float gelu_scale = 0.7978845608028654f, gelu_cubic = 0.044715f;  // the tanh form
float gelu(float x) {
  return 0.5f * x * (1 + std::tanh(gelu_scale * (x + gelu_cubic * x * x * x)));
}
float gelu_derivative(float x) {
  const float t = std::tanh(gelu_scale * (x + gelu_cubic * x * x * x));
  return 0.5f * (1 + t) + 0.5f * x * (1 - t * t) * gelu_scale * (1 + 3 * gelu_cubic * x * x);
}

/// What the epilogue does to one element of the result.
float finish(const Description& how, float value, float bias, Elements auxiliary, std::size_t at) {
  if (how.adds_bias()) value += bias;
  if (how.has(CUBLASLT_EPILOGUE_GELU_AUX)) auxiliary.set(at, value);
  if (how.has(CUBLASLT_EPILOGUE_GELU)) value = gelu(value);
  if (how.has(CUBLASLT_EPILOGUE_DGELU)) value *= gelu_derivative(auxiliary.get(at));
  if (how.has(CUBLASLT_EPILOGUE_RELU)) value = std::fmax(value, 0.0f);
  return value;
}

void write_row_sums(const Floats& m, Elements to) {
  for (std::size_t r = 0; r < m.rows; ++r) {
    float sum = 0;
    for (std::size_t c = 0; c < m.cols; ++c) sum += m.at(r, c);
    to.set(r, sum);
  }
}
void write_column_sums(const Floats& m, Elements to) {
  for (std::size_t c = 0; c < m.cols; ++c) {
    float sum = 0;
    for (std::size_t r = 0; r < m.rows; ++r) sum += m.at(r, c);
    to.set(c, sum);
  }
}

void multiply_one(const Operands& o, float alpha, const Addresses& at, float beta, int number) {
  const Description& how = o.description;
  const bool to_tf32 = how.compute == CUBLAS_COMPUTE_32F_FAST_TF32 && o.a.type == CUDA_R_32F;
  const Floats a = load(elements(at.a, o.a, number), o.a, how.transpose_a != CUBLAS_OP_N, to_tf32);
  const Floats b = load(elements(at.b, o.b, number), o.b, how.transpose_b != CUBLAS_OP_N, to_tf32);
  Floats result = product(a, b, alpha);
  const Elements c = elements(at.c, o.c, number), d = elements(at.d, o.d, number),
                 vector = elements(how.vector, o.d.type, number, how.vector_stride),
                 auxiliary = elements(how.auxiliary, o.d.type, number, how.auxiliary_stride);
  for (std::size_t col = 0; col < result.cols; ++col)
    for (std::size_t row = 0; row < result.rows; ++row) {
      float& value = result.at(row, col);
      if (beta != 0) value += beta * c.get(o.c.at(row, col));
      const auto saved = row + col * static_cast<std::size_t>(how.auxiliary_leading);
      value = finish(how, value, how.adds_bias() ? vector.get(row) : 0, auxiliary, saved);
      d.set(o.d.at(row, col), value);
    }
  if (how.has(CUBLASLT_EPILOGUE_DGELU_BGRAD)) write_row_sums(result, vector);
  if (how.has(CUBLASLT_EPILOGUE_BGRADA)) write_row_sums(a, vector);
  if (how.has(CUBLASLT_EPILOGUE_BGRADB)) write_column_sums(b, vector);
}

}  // namespace

void multiply(const Operands& operands, float alpha, const Addresses& addresses, float beta) {
  for (int number = 0; number < operands.d.batch; ++number)
    multiply_one(operands, alpha, addresses, beta, number);
}

}  // namespace emulator::lt
