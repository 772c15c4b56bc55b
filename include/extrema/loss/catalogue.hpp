// SPDX-License-Identifier: MIT
// The shipped losses by name, for command lines and configuration files.
#pragma once

#include <limits>
#include <string_view>

#include "extrema/core/error.hpp"
#include "extrema/loss/byol.hpp"
#include "extrema/loss/info_nce.hpp"
#include "extrema/loss/one_of.hpp"

namespace extrema::loss {

using Shipped = OneOf<Byol, InfoNce>;

/// What a command line may say of any of them; each takes what concerns it.
struct Settings {
  double temperature = InfoNce{}.temperature;  // infonce
};

/// "byol" or "infonce". Throws Error for any other name, and for a temperature that is not
/// positive and finite.
inline Shipped make(std::string_view name, const Settings& s = {}) {
  if (!(s.temperature > 0 && s.temperature < std::numeric_limits<double>::infinity()))
    throw Error{"loss: expected a finite temperature above 0, found ", s.temperature};
  if (name == "byol") return Byol{};
  if (name == "infonce") return InfoNce{.temperature = s.temperature};
  throw Error{"loss: expected byol or infonce, found ", name};
}

}  // namespace extrema::loss
