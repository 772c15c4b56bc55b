#!/bin/sh
# SPDX-License-Identifier: MIT
# What there is to check and to measure on a machine with an NVIDIA GPU, in stages of some minutes:
#
#   bench/gpu.sh [STAGE...]      build, check, bench, peers, report: all unless told
#
#   build   programs, tests and benches by nvcc, for the GPU that is here
#   check   every operation against the CPU's, the reference files, a run and its resumed twin, and
#           NVIDIA's compute-sanitizer on small steps
#   bench   whole steps, each operation, attention; from files to weights
#   peers   the same steps and attention by PyTorch
#   report  one JSON and a table of what bench and peers left
#
# GPU_BUILD (build/gpu) is where; PYTHON has torch; HOST_LIBRARIES (build/host) holds what
# cmake/collect_headers.sh has collected, on a machine without Eigen and the other host libraries;
# TFLOPS is the card's dense rate in bf16, a whole number (989 for an H100), for the share of it. The
# largest case takes 41 GB; one that does not fit is left out.
set -eu
cd "$(dirname "$0")/.."
build=${GPU_BUILD:-build/gpu}
python=${PYTHON:-python3}
host=${HOST_LIBRARIES:-$PWD/build/host}
results=$build/results
[ $# -gt 0 ] || set -- build check bench peers report

stage_build() {
  cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DEXTREMA_CUDA=ON -DCMAKE_PREFIX_PATH="$host"
  cmake --build "$build" --target gpu
}

stage_check() {
  ctest --test-dir "$build" -L gpu --output-on-failure --no-tests=error
  sanitize memcheck flat "*average*"
  sanitize racecheck flat "*average*"
  sanitize memcheck attention "*attention and its*"
  sanitize racecheck attention "*attention and its*"
  sanitize memcheck norms "residual and norm in one*"
  sanitize racecheck norms "residual and norm in one*"
  sanitize memcheck augment "*loader's images"
  sanitize racecheck augment "*loader's images"
  sanitize memcheck random_views "*the host's"
  sanitize memcheck step "*same bits*cuda::BasicDevice*bfloat16*"
}

# sanitize TOOL TEST CASES: some must match.
sanitize() {
  "$build/tests/cuda_on_gpu/test_gpu_$2" -tc="$3" --count | grep -q ' [1-9][0-9]*$' ||
    { echo "gpu.sh: no case of test_gpu_$2 is named $3" >&2; exit 1; }
  compute-sanitizer --tool "$1" --error-exitcode 9 --log-file "$results/$1-$2.log" \
    "$build/tests/cuda_on_gpu/test_gpu_$2" -tc="$3" || { cat "$results/$1-$2.log"; exit 1; }
}

stage_bench() {
  # A process for each, as the peak of memory is the process's. TFLOPS: the card's dense rate in bf16.
  for pair in small-512:bf16 base-256:bf16 tiny32-512:bf16 small-512:fp16 small-512:tf32; do
    case=${pair%:*} precision=${pair#*:} rate=${TFLOPS:-0}
    [ "$precision" != tf32 ] || rate=$((rate / 2))
    "$build/bin/bench_gpu_step" --only "$case" --precision "$precision" --card-tflops "$rate" \
      >"$results/step-$case-$precision.json" || {
      rm -f "$results/step-$case-$precision.json"
      echo "$case in $precision did not run" >&2
    }
  done
  "$build/bin/bench_gpu_attention" >"$results/attention.json"
  "$python" bench/gpu/make_images.py "$results/images"
  for side in host device; do
    "$build/bin/extrema-pretrain" --device cuda -a vit_tiny --dim 192 --depth 6 --heads 3 --img-size 32 \
      --patch-size 4 -b 512 --num-masks 4 --mask-ratio 0.75 --mlp-dim 1024 --epochs 6 \
      --data-format cifar10 --augment-on $side --fresh --output_dir "$results/run-$side" \
      "$results/images"
  done
}

stage_peers() {
  : >"$results/peers.jsonl"
  for shape in "small 512" "base 256" "tiny32 512"; do
    for mode in official eager compile graph; do
      # shellcheck disable=SC2086  # two words
      set -- $shape
      "$python" bench/peer_step.py --json --device cuda --arch "$1" --batch "$2" --precision bf16 \
        --mode $mode --steps 10 --warm 3 >>"$results/peers.jsonl" ||
        echo "PyTorch's $mode step of $shape did not run" >&2
    done
  done
  "$python" bench/gpu/peer_attention.py >"$results/peer_attention.json" || {
    rm -f "$results/peer_attention.json"
    echo "PyTorch's attention did not run" >&2
  }
}

stage_report() { "$python" bench/gpu/report.py "$results"; }

mkdir -p "$results"
for stage; do
  echo "== $(date +%T) $stage"
  "stage_$stage"
done
