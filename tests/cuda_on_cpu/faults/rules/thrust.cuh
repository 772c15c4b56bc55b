// SPDX-License-Identifier: MIT
// breaks: Thrust doubles the time that a unit takes to compile
void f() { thrust::sort(thrust::device, begin, end); }
