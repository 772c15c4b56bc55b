// SPDX-License-Identifier: MIT
// breaks: PTX stands in cuda/ptx.cuh
__device__ void f() { asm volatile("bar.sync 0;"); }
