// SPDX-License-Identifier: MIT
// An encoder alone, with the file's parameters, forward and backward.
#pragma once

#include <string>
#include <vector>

#include "extrema/device/download.hpp"
#include "extrema/device/values.hpp"
#include "extrema/ops/flat.hpp"
#include "model.hpp"

namespace parity {

/// Feature and gradients of one pass: of the sum of the features times weights that the file has.
template <class Device>
class Encoder {
 public:
  using Vit = nn::Vit<nn::dynamic>;

  Encoder(Device& device, const Reference& reference)
      : device_{device},
        input_{device, reference, "input/x"},
        vit_{Path{layout_}, encoder_options(reference, "param/", input_.extent())},
        values_{upload(device, stored_values<Wide<Device>>(
                                   reference, layout_,
                                   [](const std::string& name) { return "param/" + name; }))},
        gradients_{layout_.size()},
        grad_images_{input_.count() * input_.extent().size()} {
    values_.refresh(device);
  }

  const Vit& vit() const { return vit_; }
  const Layout& layout() const { return layout_; }
  const StoredImages<Device>& input() const { return input_; }
  Weights<Device> weights() const { return values_.weights(); }

  /// `watch(feature, saved)` is called between the two.
  void differentiate(const Weights<Device>& weights, const Views& views,
                     const std::vector<Wide<Device>>& feature_weights, const auto& watch) {
    const Scope scope{device_.workspace()};
    ops::run(device_, ops::Zero<Wide<Device>>{gradients_.view()});
    ops::run(device_, ops::Zero<Wide<Device>>{grad_images_.view()});
    const auto [feature, saved] = vit_.forward(device_, weights, input_.images(), views);  // (S, D)
    if (static_cast<Index>(feature_weights.size()) != feature.size())
      throw Error{"the weights of the features are ", feature_weights.size(), ", the features ",
                  feature.size()};
    watch(feature, saved);
    const auto grad = upload(device_, feature_weights);
    vit_.backward(device_, Trainable<Device>{weights, gradients_.data()}, saved,
                  {grad.data(), feature.rows, feature.cols}, grad_images_.data());
  }

  std::vector<Wide<Device>> gradients() { return download(device_, gradients_.view()); }
  std::vector<Wide<Device>> grad_images() { return download(device_, grad_images_.view()); }

 private:
  template <class T>
  using Memory = Buffer<T, typename Device::Memory>;

  Device& device_;
  StoredImages<Device> input_;
  Layout layout_;
  Vit vit_;
  Values<Device> values_;
  Memory<Wide<Device>> gradients_, grad_images_;
};

/// The weighted sum of the features. It may cancel, so it is judged by its terms.
template <class W>
void compare_scalar(Report& report, const std::string& name, const std::vector<W>& feature,
                    const std::vector<W>& weights) {
  double sum = 0, magnitudes = 0;
  for (std::size_t i = 0; i < feature.size(); ++i) {
    const double term = static_cast<double>(feature[i]) * static_cast<double>(weights[i]);
    sum += term;
    magnitudes += std::abs(term);
  }
  report.add(tolerance::scalars, name, std::abs(sum - report.reference.value(name)) / magnitudes);
}

}  // namespace parity
