#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Installs what building, the demo and the tests need on Debian 12. Does nothing when all of it is there.
set -eu

packages="gcc g++ libc6-dev clang clang-format llvm libclang-rt-14-dev make meson ninja-build pkg-config git
libbpf-dev libelf-dev zlib1g-dev bpftool libpcap-dev libseccomp-dev libcap-ng-dev libcmocka-dev
linuxptp tshark tcpdump iproute2 iputils-ping ethtool procps python3 python3-scapy gcc-mingw-w64-x86-64 g++-mingw-w64-x86-64 spin"

missing=""
for package in $packages; do
	dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ]; then
	echo "setup: missing packages:$missing" >&2
	echo "setup: run 'make setup' as root once, or install them yourself" >&2
	exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
# shellcheck disable=SC2086  # a list
apt-get install -q -y --no-install-recommends $missing
