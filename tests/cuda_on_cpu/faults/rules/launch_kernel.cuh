// SPDX-License-Identifier: MIT
// breaks: kernels are started by cuda::start
void f() { cudaLaunchKernel(nullptr, dim3(1), dim3(1), nullptr, 0, nullptr); }
