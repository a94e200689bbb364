#!/usr/bin/env bash
# pkg_config.sh PREFIX CERTIFICATE WORK shared|static [COMPILER]: the consumer, built with what pkg-config says.
set -euo pipefail
prefix=$1 certificate=$2 work=$3 kind=$4 compiler=${5:-g++}
PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name baton.pc)")
export PKG_CONFIG_PATH

static=()
[ "$kind" = shared ] || static=(--static)
read -ra flags < <(pkg-config "${static[@]}" --cflags --libs baton)
# The archive by its name, since -lbaton means the shared library while that is there.
[ "$kind" = shared ] || flags=("${flags[@]/#-lbaton/-l:libbaton.a}")

mkdir -p "$work"
"$compiler" -std=c++20 "$(dirname "$0")/consumer.cc" "${flags[@]}" -o "$work/consumer"
LD_LIBRARY_PATH=$(pkg-config --variable=libdir baton) "$work/consumer" "$certificate.pem" "$certificate.key"

linked=$(readelf -d "$work/consumer" | grep -c 'NEEDED.*libbaton' || true)
[ "$linked" = "$([ "$kind" = shared ] && echo 1 || echo 0)" ] || { echo "not linked as $kind"; exit 1; }
