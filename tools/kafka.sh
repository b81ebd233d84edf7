#!/usr/bin/env bash
# A real Apache Kafka broker for tests and for trying the Kafka engine: one KRaft node on loopback.
#
#   tools/kafka.sh start       fetches it on first use, starts it, returns when it answers
#   tools/kafka.sh stop        a controlled shutdown; SIGKILL after 30 s
#   tools/kafka.sh kill        SIGKILL at once, as a crash would
#   tools/kafka.sh wipe        stops it and removes its data
#   tools/kafka.sh status      prints its process id and address; 1 when it does not run
#   tools/kafka.sh tool CLASS ARGUMENT...   runs a tool of the distribution, for example
#                              org.apache.kafka.tools.TopicCommand
#
# KAFKA_DIR    where it keeps everything (default: build/kafka of this checkout)
# KAFKA_PORT   the port for clients (default 19092); the controller takes the next one
# KAFKA_JVM    options of the Java machine (default: a small heap that suits tests)
# KAFKA_EXTRA  more lines for server.properties, for example 'log.flush.interval.messages=1'
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
dir=${KAFKA_DIR:-$root/build/kafka}
port=${KAFKA_PORT:-19092}
jvm=${KAFKA_JVM:--Xms256m -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1}
libs=$root/build/third_party/kafka/libs
start_seconds=60
stop_seconds=30

fail() { echo "kafka: $*" >&2; exit 1; }

java_tool() { # CLASS ARGUMENT...
  java -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$libs/*" \
    "-Dlog4j2.configurationFile=$root/tools/kafka/log4j2.properties" "$@"
}

# Prints the broker's process id when it runs. A recycled id is told apart by its command line.
running() {
  local pid
  pid=$(cat "$dir/pid" 2>/dev/null) || return 1
  [ -n "$pid" ] && grep -qz "^$dir/server.properties$" "/proc/$pid/cmdline" 2>/dev/null || return 1
  echo "$pid"
}

# Waits until the process has gone.
gone_within() { # PID SECONDS
  local until=$((SECONDS + $2))
  while kill -0 "$1" 2>/dev/null && ! grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null; do
    [ "$SECONDS" -lt "$until" ] || return 1
    read -r -t 0.05 <> <(:) || true
  done
}

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }

# A cluster id: 16 random bytes as Kafka writes them, never beginning with the - of an option.
cluster_id() { head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d = | sed 's/^-/A/'; }

configure() {
  sed -e "s#@PORT@#$port#g" -e "s#@CONTROLLER_PORT@#$((port + 1))#g" -e "s#@DATA@#$dir/data#g" \
    "$root/tools/kafka/server.properties.in" >"$dir/server.properties"
  printf '%b\n' "${KAFKA_EXTRA:-}" >>"$dir/server.properties"
  [ -f "$dir/data/meta.properties" ] ||
    java_tool kafka.tools.StorageTool format -c "$dir/server.properties" \
      -t "$(cluster_id)" >"$dir/format.log" 2>&1 ||
    fail "cannot format the data folder: $(tail -3 "$dir/format.log")"
}

start() {
  local pid until
  if pid=$(running); then echo "kafka: runs already, process $pid on 127.0.0.1:$port"; return; fi
  command -v java >/dev/null || fail "java is missing: install Debian's openjdk-17-jre-headless"
  "$root/tools/fetch_kafka.sh"
  mkdir -p "$dir"
  listens && fail "port $port is taken by another program (set KAFKA_PORT)"
  configure
  # Its own session, so that an interrupt of ours is not one of the broker's.
  # shellcheck disable=SC2086
  setsid java $jvm -cp "$libs/*" \
    "-Dlog4j2.configurationFile=$root/tools/kafka/log4j2.properties" \
    kafka.Kafka "$dir/server.properties" >>"$dir/broker.log" 2>&1 </dev/null &
  pid=$!
  echo "$pid" >"$dir/pid"
  until=$((SECONDS + start_seconds))
  until listens; do
    kill -0 "$pid" 2>/dev/null || fail "the broker ended: $(tail -5 "$dir/broker.log")"
    [ "$SECONDS" -lt "$until" ] || fail "no answer after $start_seconds s: $dir/broker.log"
    read -r -t 0.05 <> <(:) || true
  done
  echo "kafka: process $pid on 127.0.0.1:$port, log in $dir/broker.log"
}

stop() { # SIGNAL
  local pid
  pid=$(running) || { rm -f "$dir/pid"; return 0; }
  kill "-$1" "$pid"
  if ! gone_within "$pid" "$stop_seconds"; then
    kill -KILL "$pid"
    gone_within "$pid" "$stop_seconds" || fail "process $pid does not end"
  fi
  rm -f "$dir/pid"
}

case ${1:-} in
  start) start ;;
  stop) stop TERM ;;
  kill) stop KILL ;;
  wipe) stop KILL; rm -rf "$dir" ;;
  status) pid=$(running) || { echo "kafka: does not run"; exit 1; }
    echo "kafka: process $pid on 127.0.0.1:$port" ;;
  tool) shift; "$root/tools/fetch_kafka.sh"; java_tool "$@" ;;
  *) sed -n '2,16s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 2 ;;
esac
