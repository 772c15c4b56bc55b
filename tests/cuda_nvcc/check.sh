#!/bin/sh
# SPDX-License-Identifier: MIT
# check.sh [ARCHITECTURE...]: nvcc compiles every kernel of training and evaluation for each compute
# capability (75 80 90 100 unless told), warnings are errors; two units with all of the backend link;
# and no kernel spills registers. Without a GPU.
set -eu
cd "$(dirname "$0")"
[ $# -gt 0 ] || set -- 75 80 90 100
nvcc=${NVCC:-$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)}
[ -x "$nvcc" ] || { echo "check.sh: no nvcc: install the CUDA toolkit (12.8 or newer for all of them), or set NVCC" >&2; exit 2; }
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

code=
for architecture; do code="$code -gencode arch=compute_$architecture,code=sm_$architecture"; done
compile() {
  # shellcheck disable=SC2086  # a list
  "$nvcc" -std=c++20 -O3 -I../../include -Werror all-warnings -Xcompiler -Wall,-Wextra -Xptxas -v \
    --threads 2 $code -c "$1.cu" -o "$out/$1.o" >"$out/$1.log" 2>&1 || { grep -v "^ptxas info" "$out/$1.log"; exit 1; }
}
compile trainer
compile second
"$nvcc" "$out/trainer.o" "$out/second.o" -lcublasLt -o "$out/linked"

# ptxas names a function, then says what it spills.
awk '
  /Compiling entry function/ { split($0, part, "\047"); name = part[2]; card = part[4]; kernels++ }
  /bytes spill stores/ {
    for (i = 1; i <= NF; i++) if ($(i + 2) == "spill" && $i + 0 > 0) spilt[name " " card] = $0
  }
  END {
    for (key in spilt) { print key spilt[key]; bad = 1 }
    if (!kernels) { print "no kernel was compiled: is this the output of ptxas?"; bad = 1 }
    else print kernels " kernels compiled"
    exit bad
  }' "$out/trainer.log" >"$out/report" || { c++filt <"$out/report"; exit 1; }
echo "compute capabilities $*: $(cat "$out/report"), none spills registers"
