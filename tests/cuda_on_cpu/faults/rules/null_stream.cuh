// SPDX-License-Identifier: MIT
// breaks: work is on the device's stream
void f() { cudaDeviceSynchronize(); }
