// SPDX-License-Identifier: MIT
// breaks: warp operations name all lanes
__device__ int f(int x) { return __shfl_sync(0xffffffffu, x, __popc(__activemask())); }
