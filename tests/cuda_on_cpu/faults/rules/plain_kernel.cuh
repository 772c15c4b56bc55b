// SPDX-License-Identifier: MIT
// breaks: kernels are function templates
__global__ void f(int*) {}
