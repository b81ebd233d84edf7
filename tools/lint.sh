#!/usr/bin/env bash
# Checks the C++ files: layout (clang-format), headers that compile alone, findings (clang-tidy).
#
#   tools/lint.sh [--layout] [FILE...]     --layout stops after the first; no FILE means all
#                                          (headers are always all of them)
#
# clang-tidy reads the compile commands of build/dev, so that has to be configured and its
# precompiled header built; this script does both.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

layout_only=
if [ "${1:-}" = "--layout" ]; then
  layout_only=1
  shift
fi
if [ $# -gt 0 ]; then
  files=("$@")
else
  mapfile -t files < <(git ls-files --cached --others --exclude-standard \
    'src/*.h' 'src/*.cc' 'tools/*.h' 'tools/*.cc' 'bench/*.h' 'bench/*.cc' 'tests/*.h' 'tests/*.cc')
fi
[ ${#files[@]} -gt 0 ] || exit 0

clang-format-19 --dry-run -Werror "${files[@]}"
[ -z "$layout_only" ] || exit 0

[ -f build/dev/build.ninja ] || cmake --preset dev >/dev/null
ninja -C build/dev mr_pch >/dev/null
ninja -C build/dev -k 0 mr_header_check >build/header_check.log || {
  grep -E 'error|warning' build/header_check.log
  exit 1
}
# Its count of warnings in system headers, on stderr, says nothing about us.
printf '%s\n' "${files[@]}" | grep '\.cc$' |
  xargs -r -P "$(nproc)" -n 4 clang-tidy-19 --quiet -p build/dev --warnings-as-errors='*' \
    2> >(grep -v 'warnings\? generated\.$' >&2 || true)
