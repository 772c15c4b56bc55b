// SPDX-License-Identifier: MIT
// The shipped optimisers by name, for command lines and configuration files.
#pragma once

#include <limits>
#include <string_view>

#include "extrema/core/error.hpp"
#include "extrema/optim/adamw.hpp"
#include "extrema/optim/lars.hpp"
#include "extrema/optim/one_of.hpp"
#include "extrema/optim/sgd.hpp"

namespace extrema::optim {

using Shipped = OneOf<AdamW, Sgd, Lars>;

/// What a command line may say of any of them; each takes what concerns it.
struct Settings {
  double beta1 = AdamW{}.beta1;      // adamw
  double beta2 = AdamW{}.beta2;      // adamw
  double epsilon = AdamW{}.epsilon;  // adamw
  double momentum = Sgd{}.momentum;  // sgd, lars
  bool nesterov = false;             // sgd
  double trust = Lars{}.trust;       // lars
  ParameterGroups groups = {};
};

/// "adamw", "sgd" or "lars". Throws Error for any other name, and for numbers that no optimiser can
/// have.
inline Shipped make(std::string_view name, const Settings& s = {}) {
  for (const double share : {s.beta1, s.beta2, s.momentum})
    if (!(share >= 0 && share < 1))
      throw Error{"optimiser: expected betas and a momentum of 0 to below 1, found ", share};
  if (!(s.epsilon > 0 && s.epsilon <= std::numeric_limits<double>::max()))
    throw Error{"optimiser: expected a finite epsilon above 0, found ", s.epsilon};
  if (name == "adamw")
    return AdamW{.beta1 = s.beta1, .beta2 = s.beta2, .epsilon = s.epsilon, .groups = s.groups};
  if (name == "sgd") return Sgd{.momentum = s.momentum, .nesterov = s.nesterov, .groups = s.groups};
  if (name == "lars") return Lars{.momentum = s.momentum, .trust = s.trust, .groups = s.groups};
  throw Error{"optimiser: expected adamw, sgd or lars, found ", name};
}

}  // namespace extrema::optim
