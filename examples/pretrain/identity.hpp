// SPDX-License-Identifier: MIT
// What a run cannot change when it goes on, beside its model: loss, masks and optimiser in words.
#pragma once

#include <string>
#include <variant>

#include "extrema/core/text.hpp"
#include "extrema/mask/catalogue.hpp"
#include "extrema/train/description.hpp"
#include "settings.hpp"

namespace pretrain {

/// {"loss", "infonce, temperature 0.2"}, ...: with all that these can be told by.
inline extrema::train::Identity identity(const Settings& s, const extrema::mask::Shipped& policy) {
  using extrema::text;
  const std::string optimizer = s.optimizer == "adamw" ? text(", betas ", s.betas[0], " and ",
                                                              s.betas[1], ", epsilon ", s.epsilon)
                                                       : text(", momentum ", s.momentum);
  const std::string name = s.policy();
  return {{"loss", s.loss + (s.loss == "infonce" ? text(", temperature ", s.temperature) : "")},
          {"optimiser", s.optimizer + optimizer},
          {"mask", std::visit(
                       [&]<class Policy>(const Policy& chosen) {
                         if constexpr (requires { chosen.ratio; })
                           return text(name, ", ratio ", chosen.ratio, ", rounding ", s.rounding);
                         else return name;
                       },
                       policy.choice)}};
}

}  // namespace pretrain
