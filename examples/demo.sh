#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs what is missing (apt), builds the demo, pretrains a small encoder on Fashion-MNIST in a
# few minutes, and writes a report of it. All arguments go to the program: --data FOLDER takes any
# folder of images, --help lists the rest.
set -eu
here=$(pwd)
cd "$(dirname "$0")/.."
build=${BUILD:-build/demo}

cmake/packages.sh
cmake --preset release -B "$build" -DEXTREMA_TESTS=OFF -DEXTREMA_BENCHES=OFF
cmake --build "$build" --target extrema-demo
case $build in /*) ;; *) build=$(pwd)/$build ;; esac
cd "$here"
# Threads that wait spin for a moment only, and leave the cores to those that decode.
GOMP_SPINCOUNT=10000 exec "$build/bin/extrema-demo" "$@"
