// SPDX-License-Identifier: MIT
// breaks: CUB does not compile without nvcc
#include <cub/block/block_reduce.cuh>
