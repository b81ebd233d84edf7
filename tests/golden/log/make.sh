#!/usr/bin/env bash
# Makes the segments of this folder anew: one for each compression, written by a real Kafka broker
# with its own indexes. Each has 300 records in several batches: key "key-<n>", a header h=<n>, and
# a value that names n and repeats. Needs what tools/kafka.sh needs.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
work=$(mktemp -d)
export KAFKA_DIR=$work/kafka KAFKA_PORT=${KAFKA_PORT:-19392}
trap '"$root/tools/kafka.sh" stop >/dev/null 2>&1 || true; rm -rf "$work"' EXIT

records() { # FIRST COUNT
  local n
  for ((n = $1; n < $1 + $2; ++n)); do
    printf 'h:%d\tkey-%d\t{"number":%d,"text":"%s"}\n' "$n" "$n" "$n" \
      "$(printf 'the quick brown fox %.0s' 1 2 3)"
  done
}

"$root/tools/kafka.sh" start
for codec in none gzip snappy lz4 zstd; do
  "$root/tools/kafka.sh" tool org.apache.kafka.tools.TopicCommand --create --topic "$codec" \
    --bootstrap-server "127.0.0.1:$KAFKA_PORT" --partitions 1 >/dev/null
  # A producer's run ends the batch that it gathers: batches of 100, 150 and 50 records.
  for run in "0 100" "100 150" "250 50"; do
    # shellcheck disable=SC2086
    records $run | "$root/tools/kafka.sh" tool org.apache.kafka.tools.ConsoleProducer \
      --bootstrap-server "127.0.0.1:$KAFKA_PORT" --topic "$codec" --compression-codec "$codec" \
      --batch-size 8000 --timeout 2000 \
      --property parse.key=true --property parse.headers=true
  done
done
"$root/tools/kafka.sh" stop
for codec in none gzip snappy lz4 zstd; do
  for ending in log index timeindex; do
    cp "$work/kafka/data/$codec-0/00000000000000000000.$ending" "$here/$codec.$ending"
  done
done
ls -l "$here"
