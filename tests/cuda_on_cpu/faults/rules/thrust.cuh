// SPDX-License-Identifier: MIT
// breaks: Thrust runs by cuda::policy
void f() { thrust::sort(thrust::device, begin, end); }
