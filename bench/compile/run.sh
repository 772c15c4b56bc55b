#!/bin/bash
# SPDX-License-Identifier: MIT
# What including a header costs: seconds of processor time to compile a unit that holds nothing else,
# the least of RUNS, beside its budget. Exits 1 where one is over it.
#   [CXX=clang++] [RUNS=5] bench/compile/run.sh
set -eu
cd "$(dirname "$0")/../.."
compiler=${CXX:-g++}
runs=${RUNS:-3}
eigen=$(pkg-config --variable=prefix eigen3 2>/dev/null || echo /usr)/include/eigen3
TIMEFORMAT="%U %S"

seconds() {  # HEADER
  for ((run = 0; run < runs; ++run)); do
    { time "$compiler" -std=c++20 -fopenmp -Iinclude -isystem "$eigen" -fsyntax-only -x c++ - \
      <<<"#include <$1>"; } 2>&1
  done | awk 'NF != 2 { print > "/dev/stderr"; exit 1 }
    NR == 1 || $1 + $2 < least { least = $1 + $2 } END { print least }'
}

status=0
row() {  # HEADER BUDGET
  local cost verdict
  cost=$(seconds "$1")
  verdict=$(awk -v cost="$cost" -v budget="$2" 'BEGIN { if (cost > budget) print "OVER" }')
  printf '%-45s %6.2f s %8.2f s  %s\n' "$1" "$cost" "$2" "$verdict"
  [ -z "$verdict" ] || status=1
}

echo "$("$compiler" --version | head -1), $runs runs"
printf '%-45s %8s %10s\n' header cost budget
for header in include/extrema/{core,mask,loss,optim}/*.hpp; do
  row "${header#include/}" 0.5
done
[ ! -e include/extrema/extrema.hpp ] || row extrema/extrema.hpp 1
core=$(seconds Eigen/Core)
printf '%-45s %6.2f s\n' Eigen/Core "$core"
row extrema/cpu/cpu.hpp "$(awk -v core="$core" 'BEGIN { print core + 0.7 }')"
exit $status
