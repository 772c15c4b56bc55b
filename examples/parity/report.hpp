// SPDX-License-Identifier: MIT
// What a file's case found: the largest deviation of each section beside its tolerance.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <ranges>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reference.hpp"

namespace parity {

/// A section of the table, and how far its numbers may be off. "Of largest": relative to the
/// largest magnitude in the tensor.
struct Tolerance {
  std::string_view section;
  double limit;
};

/// The tolerances that hold for models of every kind. (A case's own stand in its file.)
namespace tolerance {
inline constexpr Tolerance outputs{"outputs and intermediates, of largest", 3e-6},
    losses{"losses, relative", 3e-6}, gradient_norms{"gradient norms, relative", 3e-6},
    gradients{"gradients, of largest", 1e-5},
    // mathematically zero: relative to the gradients of queries and values
    key_gradients{"gradients of key biases, of the layer's largest", 1e-5},
    scalars{"weighted sums of features, of the sum of magnitudes", 3e-6};
}  // namespace tolerance

/// The largest, or NaN if there is one.
inline double worse(double a, double b) { return std::isnan(a) || a > b ? a : b; }

double largest(const std::ranges::range auto& numbers) {
  double result = 0;
  for (const double x : numbers) result = worse(std::abs(x), result);
  return result;
}

/// |found - expected|, one by one.
template <class S>
std::vector<double> differences(const std::vector<S>& found, const std::vector<double>& expected) {
  std::vector<double> result(expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i)
    result[i] = std::abs(static_cast<double>(found[i]) - expected[i]);
  return result;
}

class Report {
 public:
  Report(const Reference& of, bool verbose) : reference{of}, verbose_{verbose} {}

  const Reference& reference;

  void add(const Tolerance& tolerance, const std::string& what, double deviation) {
    auto row = std::ranges::find(rows_, tolerance.section,
                                 [](const Row& r) { return r.tolerance.section; });
    if (row == rows_.end()) row = rows_.insert(row, {tolerance});
    if (row->count++ == 0 || std::isnan(deviation) || deviation > row->deviation) {
      row->deviation = deviation;
      row->where = what;
    }
    if (verbose_) std::printf("    %-58s %9.2e\n", what.c_str(), deviation);
  }

  /// A tensor of the file, against what was found for it.
  template <class S>
  void of_largest(const Tolerance& tolerance, const std::string& name,
                  const std::vector<S>& found) {
    const auto expected = this->expected(name, found.size());
    const double scale = std::max(largest(expected), std::numeric_limits<double>::min());
    add(tolerance, name, largest(differences(found, expected)) / scale);
  }
  template <class S>
  void absolute(const Tolerance& tolerance, const std::string& name, const std::vector<S>& found) {
    add(tolerance, name, largest(differences(found, expected(name, found.size()))));
  }
  void relative(const Tolerance& tolerance, const std::string& name, double found) {
    const double expected = reference.value(name);
    add(tolerance, name, relative_difference(found, expected));
  }
  static double relative_difference(double found, double expected) {
    if (found == expected) return 0;
    return std::abs(found - expected) / std::abs(expected);
  }

  std::vector<double> expected(const std::string& name, std::size_t size) const {
    auto values = reference.values(name);
    if (values.size() != size)
      throw Error{reference.path(),
                  ": tensor ",
                  name,
                  " has ",
                  values.size(),
                  " numbers, the model that its metadata describes has ",
                  size};
    return values;
  }

  /// Prints the table. True where all sections hold, and every result of the file was compared.
  bool print() const {
    bool holds = !rows_.empty();
    for (const auto& [tolerance, deviation, count, where] : rows_) {
      const bool within = deviation <= tolerance.limit;
      holds = holds && within;
      std::printf("  %-52s %9.2e  of %9.2e  %s %s\n", std::string{tolerance.section}.c_str(),
                  deviation, tolerance.limit, within ? "      " : "EXCEEDED:", where.c_str());
    }
    for (const std::string& name : reference.unused()) {
      const bool input = name.starts_with("input/") || name.starts_with("param/");
      holds = holds && input;
      std::printf("  not %s: %s\n", input ? "used" : "compared", name.c_str());
    }
    std::printf("  %s\n", holds ? "holds" : "DOES NOT HOLD");
    return holds;
  }

 private:
  struct Row {
    Tolerance tolerance;
    double deviation = 0;
    int count = 0;
    std::string where = {};
  };
  bool verbose_;
  std::vector<Row> rows_;
};

}  // namespace parity
