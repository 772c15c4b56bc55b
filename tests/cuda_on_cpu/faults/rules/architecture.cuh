// SPDX-License-Identifier: MIT
// breaks: one source for all compilers
#if __CUDA_ARCH__ >= 800
#endif
