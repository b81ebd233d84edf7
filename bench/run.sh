#!/usr/bin/env bash
# Builds the load generator and measures build/release/millrace; bench/README.md explains the
# figures. Arguments are those of bench/run.py (--quick, --only, --help); --build-only stops there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
[ -f build/release/build.ninja ] || cmake --preset release >/dev/null
cmake --build build/release --target loadgen ceiling >/dev/null
[ "${1:-}" != "--build-only" ] || exit 0
exec python3 -u bench/run.py "$@"
