// SPDX-License-Identifier: MIT
// breaks: blocks do not wait for each other: take a second kernel
__device__ void f() { __threadfence(); }
