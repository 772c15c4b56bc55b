#!/bin/sh
# SPDX-License-Identifier: MIT
# packages.sh [PACKAGE...]: on Debian and Ubuntu, installs what building extrema with its tests and
# examples needs, and the packages named, as far as they are missing. (CMake says what is missing
# elsewhere.)
set -eu
command -v apt-get >/dev/null || exit 0

missing=
for package in g++ cmake ninja-build ccache libeigen3-dev libdnnl-dev libturbojpeg0-dev libpng-dev \
  zlib1g-dev nlohmann-json3-dev libcli11-dev doctest-dev libbenchmark-dev dataset-fashion-mnist "$@"
do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q ' installed$' ||
    missing="$missing $package"
done
[ -n "$missing" ] || exit 0

echo "Installing$missing"
as_root=
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "As root: apt-get install$missing" >&2; exit 2; }
  as_root=sudo
fi
$as_root apt-get update -q
# shellcheck disable=SC2086  # a list
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
