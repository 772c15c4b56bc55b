// SPDX-License-Identifier: MIT
// breaks: dynamic shared memory is ptx::dynamic_shared
extern __shared__ float all[];
