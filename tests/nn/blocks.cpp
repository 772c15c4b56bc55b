// SPDX-License-Identifier: MIT
// Gradients of what the residual stream passes through, with LayerScale and stochastic depth.
#include <doctest/doctest.h>

#include <set>

#include "extrema/nn/block.hpp"
#include "extrema/nn/class_block.hpp"
#include "extrema/nn/recompute.hpp"
#include "finite_differences.hpp"

using namespace extrema;
using finite_differences::check_in_place, finite_differences::Device, finite_differences::Rows;

namespace {

const random::StepKey key{3, 3};  // drops some branches of Ragged's sequences and keeps some

/// x + joint(branch), the stream's rows before the branch's.
void check_joint(const Layout& layout, const nn::Joint& joint) {
  const finite_differences::Ragged ragged;
  finite_differences::Check test{
      layout, 18, 4,
      [&](Device& device, const Weights<Device>& weights, Rows x) {
        const auto y = take_stream(device, 9, 4);
        const auto branch = take(device, 9, 4);  // to be given back
        std::copy_n(x.row(9), 36, branch.data);
        const auto scale = joint.draw(device, weights, ragged.sequences());
        const auto saved = joint.forward(device, weights, x.slice(0, 9), branch, scale, {y});
        return Forward{y, saved};
      },
      [&](Device& device, const Trainable<Device>& parameters, const auto& saved,
          Matrix<double> grad_y, Gradient<double> grad_x) {
        nn::PendingNorm<Device> nothing{{}};
        const auto grad = joint.backward(device, parameters, saved, grad_y, nothing);
        std::copy_n(grad_y.data, 36, grad_x.tensor.row(0));
        std::copy_n(grad.data, 36, grad_x.tensor.row(9));
      }};
  test.input = finite_differences::Input::written;
  test.key = &key;
  test();
}

}  // namespace

TEST_CASE("the key of these tests drops and keeps") {
  const finite_differences::Ragged ragged;
  std::set<double> factors;
  for (const std::uint32_t layer : {0u, 1u, 2u, 3u})
    for (const Index s : {1, 2, 4})
      factors.insert(ops::DropPath<double>{
          .key = &key, .layer = layer, .drop = 0.5, .sequences = ragged.sequences(), .scale = {}}
                         .factor(s));
  CHECK(factors == std::set<double>{0, 2});
}

TEST_CASE("Joint: a plain sum, with LayerScale, with stochastic depth, with both") {
  for (const double scale : {0., 0.1})
    for (const double drop : {0., 0.5}) {
      CAPTURE(scale);
      CAPTURE(drop);
      Layout layout;
      const nn::Joint joint{Path{layout},
                            {.width = 4, .layer_scale = scale, .drop = drop, .layer = 1}};
      CHECK(layout.entries().size() == (scale == 0 ? 0 : 1));
      check_joint(layout, joint);
    }
}

TEST_CASE("Residual") {
  Layout layout;
  const Path at{layout};
  const nn::Residual<nn::Mlp> layer{
      .norm = {at / "norm", {.width = 4}},
      .branch = {at / "mlp", {.width = 4, .hidden = 6}},
      .joint = {at, {.width = 4, .layer_scale = 0.3, .drop = 0.4, .layer = 2}}};
  check_in_place(layout, layer, 4);
  check_in_place(layout, layer, 4, &key);
}

TEST_CASE_TEMPLATE("Block, kept and recomputed", Layer, nn::Block, nn::Recompute<nn::Block>) {
  Layout layout;
  const Layer layer{Path{layout},
                    {.width = 6, .hidden = 8, .heads = 2, .drop_path = 0.5, .index = 1}};
  check_in_place(layout, layer, 6);
  check_in_place(layout, layer, 6, &key);
}

TEST_CASE("ClassBlock, with LayerScale and without") {
  const finite_differences::Ragged ragged;
  for (const double scale : {0.1, 0.}) {
    CAPTURE(scale);
    Layout layout;
    const nn::ClassBlock layer{
        Path{layout}, {.block = {.width = 6, .hidden = 8, .heads = 3}, .layer_scale = scale}};
    finite_differences::Check test{
        layout, 6 + 9, 6,  // class rows, then tokens
        [&](Device& device, const Weights<Device>& weights, Rows x) {
          return layer.forward(device, weights, x.slice(0, 6), x.slice(6, 9), ragged.sequences());
        },
        [&](Device& device, const Trainable<Device>& parameters, const auto& saved,
            Matrix<double> grad_y, Gradient<double> grad_x) {
          layer.backward(device, parameters, saved, grad_y, grad_x.tensor.slice(6, 9));
          for (Index i = 0; i < 36; ++i) grad_x.tensor.data[i] += grad_y.data[i];
        }};
    test.input = finite_differences::Input::added;
    test.key = &key;  // nothing is dropped here
    test();
  }
}
