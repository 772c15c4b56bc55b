#!/bin/sh
# SPDX-License-Identifier: MIT
# rules.sh FOLDER SHADOW: the rules for kernels (README.md) hold in FOLDER, the library's cuda/, and
# SHADOW has the same functions as the headers that it stands in for.
# rules.sh --broken FOLDER: each file there breaks the rule that its line "// breaks: " names.
status=0

say() {
  printf '%s\n' "$*"
  status=1
}

# code FILE: its lines without comments, each after its number
code() { sed 's|//.*||' "$1" | grep -n ''; }

# never FILE PATTERN RULE: no line has it
never() {
  found=$(code "$1" | grep -E -- "$2") || return 0
  printf '%s\n' "$found" | while IFS=: read -r line text; do
    printf '%s\n' "$1:$line: $3: $text"
  done
  status=1
}

# only_in NAME FILE PATTERN RULE: lines with it are in the header of that name alone
only_in() { [ "$(basename "$2")" = "$1" ] || never "$2" "$3" "$4"; }

# templates FILE: nvcc ignores `inline` on kernels, so that two units of a program would not link
templates() {
  code "$1" | awk -F: -v file="$1" '
    { text = $0; sub(/^[0-9]*:/, "", text) }
    /__global__/ && text !~ /template/ && before !~ /template|>[ ]*$/ {
      print file ":" $1 ": kernels are function templates:" text; bad = 1
    }
    text !~ /^[ ]*$/ { before = text }
    END { exit bad }' || status=1
}

check() {
  never "$1" '<<<' 'kernels are started by cuda::start'
  only_in launch.cuh "$1" 'cudaLaunch(Cooperative)?Kernel' 'kernels are started by cuda::start'
  only_in ptx.cuh "$1" '(^|[^a-z_])asm( |\(|$)' 'PTX stands in cuda/ptx.cuh'
  only_in ptx.cuh "$1" 'extern +__shared__' 'dynamic shared memory is ptx::dynamic_shared'
  only_in ptx.cuh "$1" '__CUDA_ARCH__|__CUDACC__' 'one source for all compilers'
  never "$1" 'thrust' 'Thrust doubles the time that a unit takes to compile (docs/cuda.md)'
  never "$1" '<cub/|cub::' 'CUB does not compile without nvcc'
  never "$1" 'cooperative_groups|<cuda/barrier>|<cuda/pipeline>' 'barriers are __syncthreads and __syncwarp'
  never "$1" '__constant__|cudaMemcpy(To|From)Symbol|cudaTextureObject|__managed__' \
    'constants, textures and managed memory are not emulated'
  never "$1" '__activemask|__match_(any|all)_sync' 'warp operations name all lanes'
  never "$1" '__(shfl|shfl_xor|shfl_up|shfl_down|ballot|any|all|reduce_[a-z]+)_sync\( *[^0 ]' \
    'warp operations name all lanes, as 0xffffffffu'
  never "$1" '__(shfl|shfl_xor|shfl_up|shfl_down|ballot|any|all|reduce_[a-z]+)_sync\( *0(x0|x[0-9a-e]|xf{1,7}[^f]|[^x])' \
    'warp operations name all lanes, as 0xffffffffu'
  never "$1" '__syncwarp\( *[^) ]' 'warp operations name all lanes'
  only_in ptx.cuh "$1" '__threadfence|(^|[^a-z_])volatile' 'blocks do not wait for each other: take a second kernel'
  never "$1" 'cudaDeviceSynchronize|cudaStreamLegacy|cudaStreamPerThread|cudaMemset\(' \
    'work is on the device'"'"'s stream'
  never "$1" '#include +["<]ptx\.cuh' \
    'by its full path: "ptx.cuh" finds the real one where the emulator has another'
  templates "$1"
}

# functions FILE: the names of the functions that it defines at a line's beginning
functions() {
  sed 's|//.*||' "$1" | grep -oE '^[A-Za-z_][A-Za-z_:0-9<>* ]* \*?[a-z_0-9]+\(' |
    grep -oE '[a-z_0-9]+\($' | grep -v '^__' | sort -u
}

if [ "$1" = --broken ]; then
  for file in "$2"/*.cuh; do
    wanted=$(sed -n 's|^// breaks: ||p' "$file")
    said=$(check "$file")
    echo "$said" | grep -qF -- "${wanted:?$file names no rule}" || say "$file: expected '$wanted', found '$said'"
  done
  exit $status
fi

count=0
for file in "$1"/*.cuh; do
  check "$file"
  count=$((count + 1))
done
[ $count -gt 1 ] || say "$1: no headers"
for shadow in "$2"/*.cuh; do
  real=$1/$(basename "$shadow")
  [ -f "$real" ] || continue
  for name in $(functions "$real"); do
    grep -qF -- " $name" "$shadow" || [ "$name" = "address(" ] ||
      say "$shadow: lacks $name), which $real has"
  done
done
exit $status
