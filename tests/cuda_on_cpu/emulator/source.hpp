// SPDX-License-Identifier: MIT
// Which line and which function of the source a place in the program is.
#pragma once

#include <cstdint>
#include <string>

namespace emulator {

/// How far a call's return address is from the program's begin: half the size of a pointer.
std::uint32_t place_of(const void* return_address);

/// "kernel.cuh:12", by addr2line; "?" where it does not know.
std::string line_of(std::uint32_t place);

/// "void best_kernel<float>(...)", of the function that begins there.
std::string function_at(const void* function);

/// Whether an address is of the program's own code, constants or variables.
bool in_program(std::uintptr_t address);

}  // namespace emulator
