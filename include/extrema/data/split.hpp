// SPDX-License-Identifier: MIT
// Which part of a data set is meant.
#pragma once

namespace extrema::data {

enum class Split { train, test };

}  // namespace extrema::data
