// SPDX-License-Identifier: MIT
// The masks of the official generator, its noise as keys of the policies that train.
#include "cases.hpp"
#include "extrema/cpu/gemm.hpp"
#include "extrema/cpu/transfer.hpp"
#include "extrema/device/download.hpp"
#include "extrema/mask/disjoint.hpp"
#include "extrema/mask/independent.hpp"
#include "model.hpp"

namespace parity {

namespace {

constexpr Tolerance indices{"indices that differ", 0};

/// The keys of a batch: image by image, one order after the other.   B images, N patches
std::vector<std::uint32_t> keys(const Reference& reference, const std::string& at, int orders) {
  std::vector<std::vector<std::uint32_t>> noise;  // (orders) of (B, N)
  for (int i = 0; i < orders; ++i)
    noise.push_back(mask::keys_of(reference.values<float>(text("input/", at, ".noise.", i))));
  const auto patches = static_cast<std::size_t>(reference.shape("input/" + at + ".noise.0").at(1));
  std::vector<std::uint32_t> result;
  for (std::size_t first = 0; first < noise[0].size(); first += patches)
    for (const auto& order : noise) {
      const auto from = order.begin() + static_cast<std::ptrdiff_t>(first);
      result.insert(result.end(), from, from + static_cast<std::ptrdiff_t>(patches));
    }
  return result;
}

template <class Policy>
void compare(Report& report, const std::string& at, const nlohmann::json& settings, int orders) {
  const Reference& reference = report.reference;
  const int views = settings.at("num_masks");
  const auto shape = reference.shape("input/" + at + ".noise.0");  // (B, N)
  const Grid grid{1, static_cast<int>(shape.at(1))};  // of an order, the shape does not matter
  const auto samples = no_samples(shape.at(0));
  cpu::Device device;
  siamese::PackedViews<cpu::Device> packed;
  const auto keys = parity::keys(reference, at, orders);
  packed.fill(Policy{.ratio = settings.at("mask_ratio")}, grid, views, samples, 0, 0,
              {.keys = keys});
  const Views sent = packed.send(device);
  const auto found = download(
      device, Matrix<const std::int32_t>{sent.patch, views * shape[0], sent.sequences.longest});
  const auto per_view = static_cast<std::ptrdiff_t>(found.size()) / views;
  for (int v = 0; v < views; ++v) {
    const std::string name = text("mask/", at, ".", v);
    const auto first = found.begin() + v * per_view;
    const std::vector<std::int32_t> mine(first, first + per_view);
    const auto expected = reference.values<std::int32_t>(name);
    if (expected.size() != mine.size())
      throw Error{
          reference.path(), ": ", name, " has ", expected.size(), " indices, its case makes ",
          mine.size()};
    int differing = 0;
    for (std::size_t i = 0; i < mine.size(); ++i) differing += mine[i] != expected[i];
    report.add(indices, name, differing);
  }
}

}  // namespace

void mask_gen(Report& report, const Settings&) {
  const auto all = report.reference.json("cases");
  for (const auto& [name, settings] : all.items())
    if (settings.at("disjoint").get<bool>()) compare<mask::Disjoint>(report, name, settings, 1);
    else compare<mask::Independent>(report, name, settings, settings.at("num_masks"));
}

}  // namespace parity
