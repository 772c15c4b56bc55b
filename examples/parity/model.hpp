// SPDX-License-Identifier: MIT
// What the cases of models share: from a file's metadata and tensors to a model and its inputs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "extrema/core/parameters.hpp"
#include "extrema/device/upload.hpp"
#include "extrema/nn/vit.hpp"
#include "extrema/siamese/packed_views.hpp"
#include "reference.hpp"
#include "report.hpp"

namespace parity {

using namespace extrema;

/// The options of an encoder whose parameters stand in the file under `prefix`.
inline nn::Vit<nn::dynamic>::Options encoder_options(const Reference& reference,
                                                     const std::string& prefix, ImageExtent image) {
  const auto config = reference.json("config");
  if (const double epsilon = config.value("norm_eps", 1e-6); epsilon != 1e-6)
    throw Error{reference.path(), ": norm_eps is ", epsilon, ", nn::Vit has 1e-6"};
  const double ratio = config.value("mlp_ratio", 4.0);
  if (ratio != static_cast<int>(ratio))
    throw Error{reference.path(), ": mlp_ratio is ", ratio, ", nn::VitShape has whole ratios"};
  const bool scaled = reference.has(prefix + "blocks_token.0.gamma_1");
  return {.image = image,
          .shape = nn::VitShape{.patch = config.at("patch_size"),
                                .dim = config.at("embed_dim"),
                                .depth = config.at("depth"),
                                .heads = config.at("num_heads"),
                                .mlp_ratio = static_cast<int>(ratio),
                                .class_depth = config.at("class_attention_layers")},
          .layer_scale = scaled ? 1.0 : 0.0,  // the file has the values
          .drop_path = config.value("drop_path_rate", 0.0)};
}

/// The file's tensors as values of the layout; `name_in_file(entry name)` is a tensor's name.
template <class W>
std::vector<W> stored_values(const Reference& reference, const Layout& layout,
                             const auto& name_in_file) {
  std::vector<W> values(static_cast<std::size_t>(layout.size()));
  for (const ParameterEntry& entry : layout.entries()) {
    const std::string name = name_in_file(entry.name);
    if (name.empty()) continue;
    if (reference.shape(name) != entry.shape)
      throw Error{reference.path(),
                  ": tensor ",
                  name,
                  " of shape ",
                  io::shape_text(reference.shape(name)),
                  " is ",
                  io::shape_text(entry.shape),
                  " in the model that its metadata describes"};
    std::ranges::copy(reference.values<W>(name), values.begin() + entry.where.offset);
  }
  return values;
}

/// How many masks there are: mask/AT0, mask/AT1, ...
inline int count_masks(const Reference& reference, const std::string& at) {
  int count = 0;
  while (reference.has(text("mask/", at, count))) ++count;
  if (count == 0) throw Error{reference.path(), ": has no tensor mask/", at, "0"};
  return count;
}

/// The numbers of a batch's images, where nothing depends on them.
inline std::vector<std::uint32_t> no_samples(Index batch) {
  return std::vector<std::uint32_t>(static_cast<std::size_t>(batch));
}

/// The file's masks as views of a batch.
template <class Device>
Views masked_views(Device& device, siamese::PackedViews<Device>& views, const Reference& reference,
                   const std::string& at, Grid grid) {
  const int count = count_masks(reference, at);
  const auto shape = reference.shape(text("mask/", at, 0));  // (B, K)
  if (shape.size() != 2) throw Error{reference.path(), ": tensor mask/", at, "0 is not B x K"};
  views.resize(no_samples(shape[0]), count, static_cast<int>(shape[1]));
  std::int32_t* to = views.patches();
  for (int v = 0; v < count; ++v) {
    const std::string name = text("mask/", at, v);
    if (reference.shape(name) != shape)
      throw Error{reference.path(), ": the masks are not of one shape, see ", name};
    for (const std::int32_t patch : reference.values<std::int32_t>(name)) {
      if (patch < 0 || patch >= grid.size())
        throw Error{reference.path(),  ": ",       name, " has patch ", patch,
                    ", the grid has ", grid.size()};
      *to++ = patch;
    }
  }
  return views.send(device);
}

/// Images of the file in device memory.
template <class Device>
class StoredImages {
 public:
  StoredImages(Device& device, const Reference& reference, const std::string& name)
      : extent_{reference.extent(name)},
        count_{reference.shape(name)[0]},
        pixels_{upload(device, reference.values<Wide<Device>>(name))} {}

  Index count() const { return count_; }
  const ImageExtent& extent() const { return extent_; }
  nn::Images<Device> images() const { return {pixels_.data(), extent_, count_}; }

 private:
  ImageExtent extent_;
  Index count_;
  Buffer<Wide<Device>, typename Device::Memory> pixels_;
};

/// Which part of a parameter biases keys: [begin, begin + count) of its elements. Nothing depends
/// on it, as softmax does not feel a shift; so it is judged apart.
struct KeyBias {
  std::size_t begin = 0, count = 0;

  explicit KeyBias(const ParameterEntry& entry) {
    const auto size = static_cast<std::size_t>(entry.size());
    if (entry.name.ends_with("attn.k.bias")) count = size;
    if (entry.name.ends_with("attn.qkv.bias")) begin = count = size / 3;
  }
  bool all(const ParameterEntry& entry) const {
    return count == static_cast<std::size_t>(entry.size());
  }

  template <class T>
  std::vector<T> of(const std::vector<T>& values) const {
    const auto first = values.begin() + static_cast<std::ptrdiff_t>(begin);
    return {first, first + static_cast<std::ptrdiff_t>(count)};
  }
  template <class T>
  std::vector<T> rest(std::vector<T> values) const {
    const auto first = values.begin() + static_cast<std::ptrdiff_t>(begin);
    values.erase(first, first + static_cast<std::ptrdiff_t>(count));
    return values;
  }
};

/// An entry's part of a flat buffer on the host.
template <class W>
std::vector<W> part(const std::vector<W>& values, const ParameterEntry& entry) {
  const auto first = values.begin() + entry.where.offset;
  return {first, first + entry.size()};
}

/// The gradients of all trained parameters; the file has them under `prefix`.
template <class W>
void compare_gradients(Report& report, const Layout& layout, const std::vector<W>& gradients,
                       const std::string& prefix) {
  for (const ParameterEntry& entry : layout.entries()) {
    const std::string name = prefix + entry.name;
    if (!entry.traits.trained || !report.reference.has(name)) continue;
    const auto found = part(gradients, entry);
    const auto expected = report.expected(name, found.size());
    const KeyBias key{entry};
    if (!key.all(entry)) {
      const double scale = largest(expected);
      report.add(tolerance::gradients, name,
                 largest(differences(key.rest(found), key.rest(expected))) / scale);
    }
    if (key.count == 0) continue;
    double scale = largest(key.rest(expected));
    if (key.all(entry))  // k stands apart: its neighbours say what is large
      for (const char* other : {"q.bias", "v.bias"})
        scale = std::max(scale,
                         largest(report.reference.values(name.substr(0, name.size() - 6) + other)));
    report.add(tolerance::key_gradients, name,
               largest(differences(key.of(found), key.of(expected))) / scale);
  }
}

}  // namespace parity
