// SPDX-License-Identifier: MIT
// Every operation on a CUDA device in its plainest form: what the CUDA backend is compared with,
// beside the CPU's. Nothing here is for speed: no tiles, no shared memory, no warps.
#pragma once

#include "plain/attention.cuh"
#include "plain/class_attention.cuh"
#include "plain/device.cuh"
#include "plain/elementwise.cuh"
#include "plain/flat.cuh"
#include "plain/layer_norm.cuh"
#include "plain/linear.cuh"
#include "plain/rows.cuh"
#include "plain/singular_values.cuh"
#include "plain/step.cuh"
#include "plain/tokens.cuh"
