// SPDX-License-Identifier: MIT
// breaks: warp operations name all lanes, as 0xffffffffu
__device__ int f(int x) { return __shfl_xor_sync(0xffffu, x, 1); }
