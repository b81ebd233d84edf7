#!/usr/bin/env bash
# Fetches the embedded ClickHouse engine, libchdb.so, in the one version that Millrace is tested with.
#
#   tools/fetch_libchdb.sh [DIR]      default DIR: build/third_party/chdb of this checkout
#
# The package is taken with npm's own client, checked against the digest below and unpacked into a
# cache that all checkouts share (${XDG_CACHE_HOME:-~/.cache}/millrace/chdb/VERSION, or
# MILLRACE_CHDB_CACHE). DIR/VERSION/libchdb.so becomes a link to it. Every step ends in a rename, so an
# interrupted run leaves nothing half done; a run with everything in place takes milliseconds.
set -euo pipefail

version=26.5.3
package=@chdb/lib-linux-x64-gnu
# sha512 of the package as the registry publishes it, base64, and the size of the library inside.
package_sha512=fPrLmRt5Moor9yGz4mazbrNje4t7X9KB2mTGkXFWRxRBs2iKy8yh6jx11xsa0Qr3iDFMU/yHqd+bVdYJXu3QaQ==
library_bytes=559044752

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=${1:-$root/build/third_party/chdb}/$version
cache=${MILLRACE_CHDB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/millrace/chdb/$version}

fail() { echo "fetch_libchdb: $*" >&2; exit 1; }
is_complete() { [ "$(stat -Lc %s "$1" 2>/dev/null || echo 0)" = "$library_bytes" ]; }

link_into_target() {
  mkdir -p "$target"
  ln -sfn "$cache/libchdb.so" "$target/.libchdb.so.$$"
  mv -Tf "$target/.libchdb.so.$$" "$target/libchdb.so"
}

fetch_into_cache() {
  command -v npm >/dev/null || fail "npm is missing: install it (Debian package npm) and run again"
  local free_kb work
  free_kb=$(df -Pk "$cache" | awk 'NR == 2 { print $4 }')
  [ "$free_kb" -ge 900000 ] || fail "needs 0.9 GB free in $cache, there are $((free_kb / 1024)) MB"
  work=$(mktemp -d "$cache/.fetch.XXXXXX")
  # shellcheck disable=SC2064
  trap "rm -rf '$work'" EXIT

  echo "libchdb $version: fetching $package (167 MB, once for this user) ..."
  (cd "$work" && npm pack --silent "$package@$version" >npm.out 2>npm.err) ||
    fail "npm pack $package@$version failed: $(tail -3 "$work/npm.err" | tr '\n' ' ')"
  local archives=("$work"/*.tgz)
  [ -f "${archives[0]}" ] || fail "npm pack left no archive"

  echo "libchdb $version: checking and unpacking (559 MB) ..."
  local actual expected
  actual=$(sha512sum "${archives[0]}" | cut -d' ' -f1)
  expected=$(printf %s "$package_sha512" | base64 -d | od -An -vtx1 | tr -d ' \n')
  [ "$actual" = "$expected" ] ||
    fail "the package's sha512 is $actual, expected $expected; nothing was installed"
  tar -xzf "${archives[0]}" -C "$work" package/libchdb.so
  is_complete "$work/package/libchdb.so" || fail "libchdb.so in the package has an unexpected size"
  chmod 755 "$work/package/libchdb.so"
  mv -f "$work/package/libchdb.so" "$cache/libchdb.so"
  rm -rf "$work"
  trap - EXIT
}

if is_complete "$target/libchdb.so"; then
  exit 0
fi
mkdir -p "$cache"
exec 9>"$cache/.lock"
flock 9
is_complete "$cache/libchdb.so" || fetch_into_cache
link_into_target
echo "libchdb $version: ready in $target"
