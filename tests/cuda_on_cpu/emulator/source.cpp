// SPDX-License-Identifier: MIT
#include "source.hpp"

#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <unistd.h>

// The linker's names for where the program begins and ends.
extern "C" char __executable_start[], _end[];

namespace emulator {

static std::uintptr_t begin() { return reinterpret_cast<std::uintptr_t>(__executable_start); }

std::uint32_t place_of(const void* return_address) {
  return static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(return_address) - begin());
}

bool in_program(std::uintptr_t address) {
  return address >= begin() && address < reinterpret_cast<std::uintptr_t>(_end);
}

/// The file's addresses begin at zero where the program can be loaded anywhere.
static bool is_position_independent() {
  return reinterpret_cast<const ElfW(Ehdr)*>(begin())->e_type == ET_DYN;
}

/// The first line that addr2line prints with these options.
static std::string addr2line(const char* options, std::uintptr_t offset) {
  const std::uintptr_t address = (is_position_independent() ? 0 : begin()) + offset;
  char command[160], line[4096] = "";
  ::snprintf(command, sizeof command, "addr2line %s -e /proc/%ld/exe %#lx 2>/dev/null", options,
             static_cast<long>(::getpid()), static_cast<unsigned long>(address));
  if (FILE* const output = ::popen(command, "r")) {
    if (!::fgets(line, sizeof line, output)) line[0] = 0;
    ::pclose(output);
  }
  const std::string result = line;
  return result.substr(0, result.find('\n'));
}

std::string line_of(std::uint32_t place) {
  const std::string line = addr2line("", place - 1);  // the call is before where it returns to
  const std::string file = line.substr(line.rfind('/') + 1);
  return file.empty() ? "?" : file.substr(0, file.find(' '));
}

std::string function_at(const void* function) {
  return addr2line("-f -C", reinterpret_cast<std::uintptr_t>(function) - begin());
}

}  // namespace emulator
