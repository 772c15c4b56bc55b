// SPDX-License-Identifier: MIT
// faults NAME: makes one mistake, and ends with an error that says which. faults: makes none, which
// has to end well. faults --list: their names.
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>

#include "case.hpp"

using namespace faults;

static std::vector<Case> all_cases() {
  std::vector<Case> all;
  for (const auto& some : {of_barriers(), of_warps(), of_memory(), of_host(), of_tensor_cores(),
                           of_products(), of_ranks()})
    all.insert(all.end(), some.begin(), some.end());
  return all;
}

static bool run(const Case& one, bool broken) {
  try {
    if (one.run(broken)) return true;
    std::printf("wrong numbers: %s\n", one.name);
  } catch (const std::exception& error) {
    std::printf("refused: %s\n", error.what());
  }
  return false;
}

int main(int, char** arguments) {
  const std::string wanted = arguments[1] ? arguments[1] : "";
  bool good = true, found = wanted.empty();
  for (const Case& one : all_cases()) {
    if (wanted == "--list") std::printf("%s\n", one.name);
    if (wanted.empty()) good = run(one, false) && good;
    if (wanted != one.name) continue;
    found = true;
    good = run(one, true);
  }
  if (!found && wanted != "--list") std::printf("no fault has the name %s\n", wanted.c_str());
  return good && (found || wanted == "--list") ? 0 : 1;
}
