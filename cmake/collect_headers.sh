#!/bin/sh
# SPDX-License-Identifier: MIT
# collect_headers.sh [FOLDER]: gathers the host libraries that extrema's programs need (headers, and
# static libraries of the image formats) into a folder, build/host unless told, for a machine that
# has a GPU but cannot install packages: build there with -DCMAKE_PREFIX_PATH=FOLDER.
set -eu
cd "$(dirname "$0")/.."
to=${1:-build/host}
mkdir -p "$to/include" "$to/lib/cmake" "$to/share/cmake"

cp -rL /usr/include/eigen3 /usr/include/doctest /usr/include/nlohmann /usr/include/CLI "$to/include/"
cp -L /usr/include/turbojpeg.h /usr/include/png*.h /usr/include/zlib.h /usr/include/zconf.h "$to/include/"
for library in turbojpeg png16 z; do
  find /usr/lib -name "lib$library.a" -exec cp -L {} "$to/lib/" \; -quit
done
cp -rL /usr/share/eigen3 "$to/share/"
cp -rL /usr/share/cmake/nlohmann_json /usr/share/cmake/CLI11 "$to/share/cmake/"
cp -rL /usr/lib/cmake/doctest "$to/lib/cmake/"
du -sh "$to"
