// SPDX-License-Identifier: MIT
// breaks: warp operations name all lanes
__device__ void f() { __syncwarp(1u); }
