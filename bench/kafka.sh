#!/usr/bin/env bash
# The Kafka engine beside librdkafka's own producer, and the embedded log beside a real broker.
#
#   bench/kafka.sh [RECORDS [ROUNDS]]      default: 400000 records of 1 KB, medians of 3 rounds
#
# Starts a broker of its own with a heap as in production, and removes it and its data at the end.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
[ -f build/release/build.ninja ] || cmake --preset release >/dev/null
cmake --build build/release --target mr_main_bench >/dev/null
work=$PWD/build/bench-kafka
export KAFKA_DIR=$work/broker KAFKA_PORT=19192
export KAFKA_JVM='-Xms1g -Xmx1g -XX:+UseG1GC -XX:MaxGCPauseMillis=20'
trap 'tools/kafka.sh wipe; rm -rf "$work"' EXIT
rm -rf "$work"
mkdir -p "$work"
tools/kafka.sh start
topic() { # NAME CONFIG...
  tools/kafka.sh tool org.apache.kafka.tools.TopicCommand --bootstrap-server 127.0.0.1:19192 \
    --create --topic "$1" --partitions 1 "${@:2}"
}
topic bench
topic bench_flushed --config flush.messages=1
build/release/src/main/mr_main_bench 127.0.0.1:19192 "$(cat "$KAFKA_DIR/pid")" bench bench_flushed \
  "$work/log" "$@"
