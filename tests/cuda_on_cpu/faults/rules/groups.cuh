// SPDX-License-Identifier: MIT
// breaks: barriers are __syncthreads and __syncwarp
#include <cooperative_groups.h>
