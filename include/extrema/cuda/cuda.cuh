// SPDX-License-Identifier: MIT
// The CUDA backend: its device and every operation.
#pragma once

#include "extrema/cuda/adamw.cuh"
#include "extrema/cuda/attention.cuh"
#include "extrema/cuda/class_attention.cuh"
#include "extrema/cuda/convert.cuh"
#include "extrema/cuda/drop_path.cuh"
#include "extrema/cuda/flat.cuh"
#include "extrema/cuda/gelu.cuh"
#include "extrema/cuda/lars.cuh"
#include "extrema/cuda/layer_norm.cuh"
#include "extrema/cuda/linear.cuh"
#include "extrema/cuda/lt.cuh"
#include "extrema/cuda/nearest.cuh"
#include "extrema/cuda/residual.cuh"
#include "extrema/cuda/rows.cuh"
#include "extrema/cuda/sgd.cuh"
#include "extrema/cuda/singular_values.cuh"
#include "extrema/cuda/step.cuh"
#include "extrema/cuda/tokens.cuh"
#include "extrema/cuda/transfer.cuh"
