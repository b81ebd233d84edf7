#!/usr/bin/env python3
"""Measures build/release/millrace on this machine; bench/README.md explains each figure.

  bench/run.py                 everything, under 8 minutes; results go to bench/results
  bench/run.py --quick         fewer and shorter runs, under 90 seconds; results in build/bench
  bench/run.py --only capture  one part: start, capture, open, visible or path
"""

import argparse
import gzip
import itertools
import json
import os
import pathlib
import subprocess
import sys
import time

import capture_pairs
import start
import visible
import whole_path
from results import CAPTURE_TITLES, Results, capture_lines, print_table
from servers import (LOADGEN, POSTHOG_WIRE, PROGRAM, ROOT, SEGMENT_WIRE, BenchFailed, Millrace,
                     busy_cores)

PARTS = ["start", "capture", "open", "visible", "path"]
# Above this many cores of others the rates say little; ratios of CPU still hold.
QUIET_CORES = 0.2
SECONDS_MAX = 480


def check_generator():
    """The load generator's bodies are what a client would send, and never the same twice."""
    kinds = ((POSTHOG_WIRE, "uuid"), (SEGMENT_WIRE, "messageId"))
    for batch, level, (wire, key) in itertools.product((1, 100), (0, capture_pairs.GZIP_LEVEL),
                                                       kinds):
        command = [LOADGEN, "--dump", "--batch", str(batch), "--gzip", str(level), *wire.options]
        dumped = subprocess.run(command, capture_output=True, check=True, timeout=30).stdout
        # Two bodies: two lines, or two gzip members that decompress to neighbours.
        text = gzip.decompress(dumped).decode() if level else dumped.decode()
        first, end = json.JSONDecoder().raw_decode(text)
        second = json.loads(text[end:])
        ids = [event[key] for body in (first, second) for event in body.get("batch", [body])]
        if len(set(ids)) != 2 * batch:
            raise BenchFailed(f"the load generator repeats events ({key}, batch {batch}, {level})")


def run_start(options, results):
    found = start.measure(options.folder / "millrace")
    results.keep(found)
    print(f"start: accepting after {found['first_accepting_ms']} ms, queryable after "
          f"{found['first_queryable_ms']} ms; again on the same data {found['again_accepting_ms']} "
          f"and {found['again_queryable_ms']} ms")
    shares = ", ".join(f"{role} {mib}" for role, mib in found["idle_pss_mib"].items())
    print(f"  idle memory, PSS MiB: {shares}")


def run_capture(options, results, table):
    for shape in capture_pairs.SHAPES:
        found = capture_pairs.pairs(options.folder, shape, options.pairs, options.seconds,
                                    results.keep)
        row = capture_pairs.summarize(shape, found)
        results.add_capture(row)
        table += capture_lines(row)
        if row["others_cores"] > QUIET_CORES:
            print(f"noisy: others used up to {row['others_cores']} cores during '{shape}'")


def run_open(options, results, table):
    found = capture_pairs.pairs(options.folder, "single", options.pairs, options.seconds,
                                results.keep, rate=capture_pairs.OPEN_RATE)
    row = capture_pairs.summarize("single", found)
    row["shape"] = f"single, open loop {capture_pairs.OPEN_RATE}/s"
    results.add_capture(row)
    table += capture_lines(row)


def run_visible(options, results):
    with Millrace(options.folder / "millrace") as server:
        for pace in visible.PACES:
            found = visible.measure(server, pace, options.visible_seconds)
            results.add_visible(found)
            print(f"visible in a query, {pace} pace ({found['events_per_second']} events/s, "
                  f"{found['probes']} probes): p50 {found['visible_ms']['p50']} ms, "
                  f"p99 {found['visible_ms']['p99']} ms   (answer p50 "
                  f"{found['answer_ms']['p50']} ms, polling query p50 "
                  f"{found['query_ms']['p50']} ms; others {found['others_cores']} cores)")


def run_path(options, results):
    with Millrace(options.folder / "millrace") as server:
        found = whole_path.measure(server, options.events)
    results.add_whole_path(found)
    print(f"whole path: {found['events']} events captured in {found['capture_seconds']} s "
          f"({found['captured_events_per_second']} events/s beside the other stages), stored after "
          f"{found['stored_seconds']} s: {found['stored_events_per_second']} events/s; "
          f"others {found['others_cores']} cores")
    shares = ", ".join(f"{role} {us}" for role, us in found["cpu_us_per_event"].items())
    print(f"  CPU us/event: {shares}; in all {found['cpu_us_per_event_total']}")


def parse():
    parser = argparse.ArgumentParser(description="Measure build/release/millrace.")
    parser.add_argument("--quick", action="store_true", help="under 90 seconds")
    parser.add_argument("--only", default=",".join(PARTS), help=f"of {','.join(PARTS)}")
    parser.add_argument("--pairs", type=int, help="runs of each server and shape")
    parser.add_argument("--seconds", type=float, help="measured time of one run")
    parser.add_argument("--events", type=int, help="events of the whole path")
    parser.add_argument("--results", type=pathlib.Path, help="where results are kept")
    options = parser.parse_args()
    quick = options.quick
    options.pairs = options.pairs or (3 if quick else 5)
    options.seconds = options.seconds or (0.7 if quick else 2.0)
    options.events = options.events or (100_000 if quick else 300_000)
    options.visible_seconds = 6 if quick else 20
    options.results = options.results or (
        ROOT / ("build/bench/results" if quick else "bench/results"))
    options.folder = ROOT / "build/bench/run"
    options.only = options.only.split(",")
    if unknown := set(options.only) - set(PARTS):
        parser.error(f"no part is called {', '.join(unknown)}; there are {', '.join(PARTS)}")
    return options


def main():
    options = parse()
    if not PROGRAM.exists():
        sys.exit(f"{PROGRAM} is not there: make build")
    started = time.monotonic()
    results = Results(options.results)
    print(f"millrace {results.stamp['commit']} on {results.stamp['machine']}; "
          f"others use {busy_cores():.2f} cores now")
    table = [CAPTURE_TITLES]
    failures = 0
    parts = {"start": lambda: run_start(options, results),
             "capture": lambda: run_capture(options, results, table),
             "open": lambda: run_open(options, results, table),
             "visible": lambda: run_visible(options, results),
             "path": lambda: run_path(options, results)}
    check_generator()
    for name in options.only:
        if time.monotonic() - started > SECONDS_MAX:
            print(f"{name}: left out, {SECONDS_MAX} s are over")
            continue
        try:
            parts[name]()
        except BenchFailed as error:
            failures += 1
            print(f"{name}: failed: {error}")
    if len(table) > 1:
        print_table(table)
    where = os.path.relpath(results.raw_path, ROOT)
    print(f"{time.monotonic() - started:.0f} s; raw lines in {where}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
