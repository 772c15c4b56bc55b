#!/bin/sh
# SPDX-License-Identifier: MIT
# headers.sh INCLUDE COMPILER FLAGS...: each .cuh below the folder INCLUDE compiles alone.
cd "$1" || exit 1
shift
status=0 count=0
for header in $(find extrema -name '*.cuh' | sort); do
  count=$((count + 1))
  echo "#include <$header>" | "$@" -fsyntax-only -x c++ - || { echo "$header: does not compile alone"; status=1; }
done
echo "$count headers"
[ $count -gt 0 ] || status=1
exit $status
