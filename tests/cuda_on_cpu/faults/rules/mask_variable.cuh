// SPDX-License-Identifier: MIT
// breaks: warp operations name all lanes, as 0xffffffffu
__device__ int f(unsigned m, int x) { return __shfl_xor_sync(m, x, 1); }
