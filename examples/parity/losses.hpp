// SPDX-License-Identifier: MIT
// The losses alone: their values and gradients, with the targets of several processes too.
#pragma once

#include "extrema/device/download.hpp"
#include "extrema/loss/byol.hpp"
#include "extrema/loss/info_nce.hpp"
#include "extrema/ops/flat.hpp"
#include "model.hpp"

namespace parity::of_losses {

// Where q is nearly k, or -k, the float reference itself is off by 1.4e-5. Where a softmax
// saturates, its gradient is a difference of nearly equal numbers: one rounding of a probability is
// forgiven.
inline constexpr Tolerance values{"losses, relative beyond 1e-6 absolute", 3e-6},
    close_values{"losses, q near k or -k", 3e-5},
    gradients{"gradients, of the row's largest", 1e-5},
    close_gradients{"gradients, q near k or -k", 3e-5},
    softmax_gradients{"gradients of InfoNCE, the same beyond one rounding", 1e-5},
    zero_gradients{"gradients beside a zero vector, of the row's scale", 1e-5};

struct Rows {
  std::vector<double> values;
  std::size_t count, width;

  Rows(const Reference& reference, const std::string& name)
      : values{reference.values(name)},
        count{static_cast<std::size_t>(reference.shape(name).at(0))},
        width{static_cast<std::size_t>(reference.shape(name).at(1))} {}
  std::vector<double> row(std::size_t i) const {
    const auto first = values.begin() + static_cast<std::ptrdiff_t>(i * width);
    return {first, first + static_cast<std::ptrdiff_t>(width)};
  }
  void append(const Rows& more) {
    values.insert(values.end(), more.values.begin(), more.values.end());
    count += more.count;
  }
};

template <class Device>
class Losses {
  using W = Wide<Device>;

 public:
  Losses(Device& device, Report& report) : device_{device}, report_{report} {}

  void byol(const std::string& tag) {
    const bool close = tag == "near" || tag == "opposite";
    const std::string at = "byol." + tag;
    const Rows q{report_.reference, "input/" + at + ".q"},
        k{report_.reference, "input/" + at + ".k"};
    // In training the targets have no gradient; but the loss is symmetric.
    const auto [value, grad_q] = apply(loss::Byol{}, q, k, 0, k.count);
    const auto grad_k = apply(loss::Byol{}, k, q, 0, q.count).second;
    compare_value(close ? close_values : values, "out/" + at + ".loss", value);
    const auto& tolerance = close ? close_gradients : gradients;
    compare_rows(tolerance, "grad/" + at + ".q", grad_q, q, &k);
    compare_rows(tolerance, "grad/" + at + ".k", grad_k, k, &q);
  }

  /// Process `rank`'s rows, with the targets of all.
  void infonce(const std::string& at, const std::string& temperature, const Rows& targets,
               std::size_t first) {
    const Rows q{report_.reference, "input/" + at + ".q"};
    const loss::InfoNce loss{.temperature = std::stod(temperature)};
    const auto [value, grad] = apply(loss, q, targets, first, q.count);
    const std::string name = at + ".T" + temperature;
    compare_value(values, "out/" + name + ".loss", value);
    compare_rows(softmax_gradients, "grad/" + name + ".q", grad, q, nullptr, 0x1p-23);
  }

 private:
  std::pair<double, std::vector<W>> apply(const auto& loss, const Rows& q, const Rows& k,
                                          std::size_t first, std::size_t count) {
    const auto send = [&](const Rows& rows) {
      return upload(device_, std::vector<W>(rows.values.begin(), rows.values.end()));
    };
    const auto prediction = send(q), targets = send(k);
    Buffer<double, typename Device::Memory> value{1};
    Buffer<W, typename Device::Memory> grad{prediction.size()};
    ops::run(device_, ops::Zero<double>{value.view()});
    const auto shaped = [](const auto& buffer, const Rows& rows) {
      return Matrix<W>{buffer.data(), static_cast<Index>(rows.count),
                       static_cast<Index>(rows.width)};
    };
    loss(device_, shaped(prediction, q),
         loss::Targets<Device>{shaped(targets, k), static_cast<Index>(first),
                               static_cast<Index>(count)},
         1, value.data(), shaped(grad, q));
    return {download(device_, value.view())[0], download(device_, grad.view())};
  }

  void compare_value(const Tolerance& tolerance, const std::string& name, double found) {
    const double expected = report_.reference.value(name);
    const double beyond = std::max(0., std::abs(found - expected) - 1e-6);
    report_.add(tolerance, name, beyond == 0 ? 0 : beyond / std::abs(expected));
  }

  /// What the gradient of row i can amount to.
  static double scale(const Rows& rows, std::size_t i) {
    double square = 0;
    for (const double x : rows.row(i)) square += x * x;
    return 2 / static_cast<double>(rows.count) / std::max(std::sqrt(square), 1e-12);
  }

  /// A row whose partner is the zero vector has a gradient of zero, and noise in its place.
  void compare_rows(const Tolerance& tolerance, const std::string& name,
                    const std::vector<W>& found, const Rows& of, const Rows* partner,
                    double forgiven = 0) {
    const auto expected = report_.expected(name, found.size());
    for (std::size_t i = 0; i < of.count; ++i) {
      const auto row = [&](const auto& all) {
        const auto first = all.begin() + static_cast<std::ptrdiff_t>(i * of.width);
        return std::vector(first, first + static_cast<std::ptrdiff_t>(of.width));
      };
      const std::string where = text(name, " row ", i);
      if (partner && largest(partner->row(i)) == 0) {
        report_.add(zero_gradients, where, largest(row(found)) / scale(of, i));
        continue;
      }
      const double off = largest(differences(row(found), row(expected)));
      const double beyond = off - forgiven * scale(of, i);
      report_.add(tolerance, where, beyond <= 0 ? 0 : beyond / largest(row(expected)));
    }
  }

  Device& device_;
  Report& report_;
};

/// Names: out/byol.TAG.loss, out/infonce.TAG.T0.2.loss, out/infonceN.rankR.T0.2.loss.
template <class Device>
void compare(Device& device, Report& report) {
  const Reference& reference = report.reference;
  Losses<Device> check{device, report};
  for (std::string name : reference.names("out/")) {
    if (!name.ends_with(".loss")) continue;
    name.resize(name.size() - 5);
    if (name.starts_with("byol.")) {
      check.byol(name.substr(5));
      continue;
    }
    const auto split = name.find(".T");
    if (!name.starts_with("infonce") || split == name.npos)
      throw Error{reference.path(), ": out/", name, ".loss is of no known loss"};
    const std::string at = name.substr(0, split), temperature = name.substr(split + 2);
    const auto rank_at = at.find(".rank");
    if (rank_at == at.npos) {
      check.infonce(at, temperature, Rows{reference, "input/" + at + ".k"}, 0);
      continue;
    }
    const std::string ranks = "input/" + at.substr(0, rank_at) + ".rank";
    const int rank = std::stoi(at.substr(rank_at + 5));
    Rows targets{reference, ranks + "0.k"};
    std::size_t first = 0;
    for (int r = 1; reference.has(text(ranks, r, ".k")); ++r) {
      if (r == rank) first = targets.count;
      targets.append(Rows{reference, text(ranks, r, ".k")});
    }
    check.infonce(at, temperature, targets, first);
  }
}

}  // namespace parity::of_losses
