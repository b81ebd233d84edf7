#!/usr/bin/env bash
# Fetches the Apache Kafka distribution that tests start, in one pinned version.
#
#   tools/fetch_kafka.sh [DIR]        default DIR: build/third_party/kafka of this checkout
#
# Maven's own client resolves tools/kafka/pom.xml; every jar is checked against
# tools/kafka/jars.sha256 and kept in a cache that all checkouts share
# (${XDG_CACHE_HOME:-~/.cache}/millrace/kafka/VERSION, or MILLRACE_KAFKA_CACHE). DIR/libs becomes a
# link to it: java -cp 'DIR/libs/*'. Every step ends in a rename, so an interrupted run leaves
# nothing half done; a run with everything in place takes milliseconds.
#
# A new version: change `version`, run with MILLRACE_KAFKA_PIN=1, read the diff of jars.sha256.
set -euo pipefail

version=4.1.2
dependency_plugin=org.apache.maven.plugins:maven-dependency-plugin:3.6.1
attempts=4

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
sums=$root/tools/kafka/jars.sha256
target=${1:-$root/build/third_party/kafka}
cache=${MILLRACE_KAFKA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/millrace/kafka}/$version

fail() { echo "fetch_kafka: $*" >&2; exit 1; }
# The digest of the list that the folder was checked against.
list_digest() { sha256sum <"$sums" | cut -d' ' -f1; }
is_complete() { [ "$(cat "$1/.checked" 2>/dev/null)" = "$(list_digest)" ]; }

fetch_into_cache() {
  local work attempt
  command -v mvn >/dev/null || fail "mvn is missing: install it (Debian package maven) and run again"
  work=$(mktemp -d "$cache/.fetch.XXXXXX")
  # shellcheck disable=SC2064
  trap "rm -rf '$work'" EXIT
  echo "kafka $version: fetching the jars (54 MB, once for this user) ..."
  for ((attempt = 1; ; ++attempt)); do
    mvn -q -B -f "$root/tools/kafka/pom.xml" "$dependency_plugin:copy-dependencies" \
      -DincludeScope=runtime -Dkafka.version="$version" -DoutputDirectory="$work/libs" \
      >"$work/mvn.out" 2>&1 && break
    [ "$attempt" -lt "$attempts" ] || fail "mvn failed $attempts times: $(tail -3 "$work/mvn.out")"
    echo "kafka $version: attempt $attempt failed, trying again" >&2
    sleep $((attempt * 3))
  done
  if [ -n "${MILLRACE_KAFKA_PIN:-}" ]; then
    (cd "$work/libs" && sha256sum -- *.jar) >"$sums"
  fi
  (cd "$work/libs" && sha256sum --quiet --strict -c "$sums") ||
    fail "a jar is not the one that $sums names; nothing was installed"
  [ "$(find "$work/libs" -name '*.jar' | wc -l)" = "$(wc -l <"$sums")" ] ||
    fail "Maven resolved jars that $sums does not name; nothing was installed"
  list_digest >"$work/libs/.checked"
  rm -rf "$cache/libs"
  mv "$work/libs" "$cache/libs"
  rm -rf "$work"
  trap - EXIT
}

if is_complete "$target/libs"; then
  exit 0
fi
mkdir -p "$cache" "$target"
exec 9>"$cache/.lock"
flock 9
is_complete "$cache/libs" || fetch_into_cache
ln -sfn "$cache/libs" "$target/.libs.$$"
mv -Tf "$target/.libs.$$" "$target/libs"
echo "kafka $version: ready in $target"
