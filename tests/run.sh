#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs what is missing (apt), builds everything and runs all tests:
#   [BUILD=folder] [CXX=clang++] tests/run.sh [arguments for CMake, as -DEXTREMA_WERROR=ON]
set -eu
cd "$(dirname "$0")/.."
build=${BUILD:-build/release${CXX:+-$(basename "$CXX")}}
jobs=$(nproc)

cmake/packages.sh
cmake --preset release -B "$build" "$@"
cmake --build "$build" --parallel "$jobs"
ctest --test-dir "$build" --parallel "$jobs" --output-on-failure --no-tests=error
