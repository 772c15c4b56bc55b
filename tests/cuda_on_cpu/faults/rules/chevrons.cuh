// SPDX-License-Identifier: MIT
// breaks: kernels are started by cuda::start
void f() { kernel<int><<<1, 32>>>(0); }
