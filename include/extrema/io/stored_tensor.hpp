// SPDX-License-Identifier: MIT
// A tensor that lies in a file: its type, its shape, its bytes, and how they become numbers.
#pragma once

#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "extrema/core/error.hpp"
#include "extrema/core/tensor.hpp"
#include "extrema/io/dtype.hpp"

namespace extrema::io {

using Shape = std::vector<Index>;

/// "[3, 197, 384]"
inline std::string shape_text(const Shape& shape) {
  std::string result;
  for (const Index extent : shape) result += text(result.empty() ? "[" : ", ", extent);
  return result.empty() ? "[]" : result + "]";
}

/// A tensor of an open file; valid as long as that is.
class StoredTensor {
 public:
  StoredTensor(const std::string& file, std::string name, Dtype dtype, Shape shape,
               std::string_view bytes)
      : name_{std::move(name)},
        where_{text(file, ": tensor \"", name_, "\"")},
        dtype_{dtype},
        shape_{std::move(shape)},
        bytes_{bytes} {}

  const std::string& name() const { return name_; }
  Dtype dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  Index size() const { return static_cast<Index>(bytes_.size() / size_of(dtype_)); }
  std::string_view bytes() const { return bytes_; }

  /// All elements in row-major order. Floating types are converted to one another by rounding;
  /// integers must fit. An integer is not read as a floating number, nor the reverse.
  template <Element T>
  std::vector<T> as() const {
    std::vector<T> values(static_cast<std::size_t>(size()));
    copy_to(std::span{values});
    return values;
  }

  template <Element T>
  void copy_to(std::span<T> to) const {
    if (std::ssize(to) != size())
      throw Error{where_, " of shape ",          shape_text(shape_), " has ",
                  size(), " elements, not the ", to.size(),          " asked for"};
    visit(dtype_, [&]<class S>(std::type_identity<S>) {
      if constexpr (std::same_as<S, T>) {
        if (!to.empty()) std::memcpy(to.data(), bytes_.data(), bytes_.size());
      } else if constexpr (FloatingElement<S> == FloatingElement<T>) {
        for (std::size_t i = 0; i < to.size(); ++i) to[i] = convert<T>(element<S>(i));
      } else {
        throw Error{where_, " holds ", io::name(dtype_), ", expected ",
                    FloatingElement<T> ? "floating numbers" : "integers"};
      }
    });
  }

 private:
  /// Tensors of a file need not be aligned.
  template <class S>
  S element(std::size_t i) const {
    S value;
    std::memcpy(&value, bytes_.data() + i * sizeof(S), sizeof(S));
    return value;
  }

  template <class T, class S>
  T convert(S value) const {
    if constexpr (FloatingElement<T> && sizeof(S) == 2)
      return static_cast<T>(static_cast<float>(value));
    else if constexpr (FloatingElement<T>) return static_cast<T>(value);
    else if (std::in_range<T>(value)) return static_cast<T>(value);
    else throw Error{where_, " holds ", value, ", which does not fit in ", io::name(dtype_of<T>())};
  }

  std::string name_, where_;
  Dtype dtype_;
  Shape shape_;
  std::string_view bytes_;
};

}  // namespace extrema::io
