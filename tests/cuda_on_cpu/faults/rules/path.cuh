// SPDX-License-Identifier: MIT
// breaks: by its full path
#include "ptx.cuh"
