#!/usr/bin/env bash
# Builds the load generator and measures build/release/millrace; bench/README.md explains the
# figures. Arguments are those of bench/run.py (--quick, --only, --help).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
[ -f build/release/build.ninja ] || cmake --preset release >/dev/null
cmake --build build/release --target loadgen >/dev/null
exec python3 -u bench/run.py "$@"
