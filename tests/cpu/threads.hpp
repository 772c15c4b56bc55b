// SPDX-License-Identifier: MIT
// How many threads the loops that follow are shared among, where there is OpenMP.
#pragma once

#ifdef _OPENMP
#include <omp.h>

inline void use_threads(int count) { omp_set_num_threads(count); }
#else
inline void use_threads(int) {}
#endif
