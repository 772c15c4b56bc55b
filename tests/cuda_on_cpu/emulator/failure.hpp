// SPDX-License-Identifier: MIT
// What the emulator does where a program breaks CUDA's rules: it says so, and ends the program.
#pragma once

#include <string>

#include "place.hpp"

namespace emulator {

inline constexpr int exit_code_of_failure = 97, exit_code_of_leak = 98;

/// Prints "==EMU== what", the kernel, block and thread at work and where it is, where that is
/// known, the order and the seed; then exits. (A kernel's thread cannot throw: its fibre's stack
/// ends nowhere.)
[[noreturn]] void fail(const std::string& what, Place where = {});

}  // namespace emulator
