// SPDX-License-Identifier: MIT
// Data sets, the loop over them and what may watch it, but for what writes JSON:
// train/checkpoints.hpp, train/metrics.hpp.
#pragma once

#include "extrema/data/data.hpp"
#include "extrema/train/fit.hpp"
#include "extrema/train/health.hpp"
#include "extrema/train/knn_probe.hpp"
#include "extrema/train/progress.hpp"
#include "extrema/train/stop_signal.hpp"
