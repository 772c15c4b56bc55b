// SPDX-License-Identifier: MIT
// The two sides of a siamese method.
#pragma once

namespace extrema {

enum class Branch : int { student, teacher };

}  // namespace extrema
