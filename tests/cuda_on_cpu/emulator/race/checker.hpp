// SPDX-License-Identifier: MIT
// What the compiler's callbacks tell the race checker.
#pragma once

#include <cstddef>

namespace emulator {

enum class Access { read, write, update };  // an update is atomic

/// Nothing happens outside of kernels.
void note_access(const void* memory, std::size_t bytes, Access kind, const void* return_address);

}  // namespace emulator
