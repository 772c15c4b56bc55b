#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the bench and runs it beside PyTorch: bench/peers.sh [--python PYTHON] [...]; see peers.py.
# Without a Python that has torch: pip install torch --index-url https://download.pytorch.org/whl/cpu
set -e
root=$(cd "$(dirname "$0")/.." && pwd)
build=${BUILD:-$root/build/bench}
cmake -S "$root" -B "$build" -DCMAKE_BUILD_TYPE=Release -DEXTREMA_TESTS=OFF -DEXTREMA_EXAMPLES=OFF >&2
cmake --build "$build" --target bench_step >&2
exec python3 "$root/bench/peers.py" --bench "$build/bin/bench_step" "$@"
