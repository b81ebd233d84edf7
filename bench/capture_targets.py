#!/usr/bin/env python3
"""Judges capture by the figures that it has to reach (bench/README.md, "Targets of capture").

  bench/capture_targets.py                  everything, about 7 minutes
  bench/capture_targets.py --only ceiling   one part: ceiling, open, sustained, footprint, peers
  bench/capture_targets.py --quick          fewer and shorter runs, about 2 minutes
  bench/capture_targets.py --json FILE      also the judged figures, for programs

Needs what bench/run.sh builds. The exit code is 1 when a figure misses what it must reach.
"""

import argparse
import functools
import json
import os
import pathlib
import sys

import capture_pairs
import footprint
import peers
import targets
from results import Results, print_table, short
from servers import CEILING, PROGRAM, ROOT, BenchFailed, Ceiling, busy_cores
from steady_log import steady_millrace

PARTS = ["ceiling", "open", "sustained", "footprint", "peers"]
SUSTAINED_RATE = 50_000
SHAPES = ["batch gzip", "batch", "single"]
# Measured again where the log fills new files with zeros first, and not judged.
BESIDE = ["batch gzip", "batch"]


def compare(found, shape, other):
    """The two ratios of one shape, by their names in targets.py."""
    def median(value):
        return capture_pairs.median(found, lambda p: capture_pairs.ratio(p, other, value))
    figures = {f"{shape}, events/s of {other}'s": median(lambda r: r["events_per_second"]),
               f"{shape}, CPU of {other}'s": median(lambda r: r["cpu"])}
    tell(found, shape, other)
    return {name: value for name, value in figures.items() if name in targets.TARGETS}


def tell(found, shape, other):
    """One line with what both did: medians."""
    words = []
    for name in ("millrace", other):
        def median(value, name=name):
            return short(float(capture_pairs.median(found, lambda p: value(p[name]))))
        latency = "answer_from_due_ms" if found[0][name]["rate"] else "answer_ms"
        words.append(f"{name} {median(lambda r: r['events_per_second'])} events/s, "
                     f"{median(lambda r: r['cpu'])} us of CPU an event, p50 "
                     f"{median(lambda r: r[latency]['p50'])} ms, p99 "
                     f"{median(lambda r: r[latency]['p99'])} ms")
    others = max(pair[name]["others_cores"] for pair in found for name in pair)
    print(f"{shape}: {'; '.join(words)}; others used up to {others} cores")


def run_ceiling(options, keep):
    figures = {}
    for shape in SHAPES:
        with steady_millrace(options.folder) as ours, \
                Ceiling(options.folder / "ceiling") as theirs:
            found = capture_pairs.pairs_of(ours, theirs, shape, options.pairs, options.seconds,
                                           keep)
        figures |= compare(found, shape, "ceiling")
    for shape in BESIDE:
        found = capture_pairs.pairs(options.folder, shape, options.pairs, options.seconds, keep,
                                    other=Ceiling)
        tell(found, f"{shape} on new files", "ceiling")
    return figures


def run_open(options, keep):
    rate = capture_pairs.OPEN_RATE
    with steady_millrace(options.folder) as ours, Ceiling(options.folder / "ceiling") as theirs:
        found = capture_pairs.pairs_of(ours, theirs, "single", options.pairs, options.seconds + 1,
                                       keep, rate=rate)
    tell(found, f"{rate} single/s", "ceiling")
    return {f"{rate} single/s, {rank} of ceiling's": capture_pairs.median(
        found, lambda p: capture_pairs.ratio(
            p, "ceiling", lambda r: r["answer_from_due_ms"][rank]))
            for rank in ("p50", "p99")}


def run_sustained(options, keep):
    with steady_millrace(options.folder) as server:
        report = capture_pairs.measure(server, "single", options.sustained_seconds,
                                       SUSTAINED_RATE, requests=0)
    keep({"what": "sustained", **report})
    latency = report["answer_from_due_ms"]
    print(f"{SUSTAINED_RATE} single/s for {options.sustained_seconds} s: {report['answered']} "
          f"answers, {latency}, never sent {report['never_sent']}, "
          f"{report['cpu']} us of CPU an event; others used {report['others_cores']} cores")
    name = f"{SUSTAINED_RATE} single/s for 60 s"
    return {f"{name}, p99": latency["p99"], f"{name}, never sent": report["never_sent"]}


def run_footprint(options, keep):
    return footprint.measure(options.folder, options.seconds, keep)


def run_peer(peer, options, keep):
    if missing := peer.missing():
        print(f"{peer.name}: not measured: {missing}")
        return dict.fromkeys(targets.figures_of(peer.name), targets.Missing(missing))
    figures = {}
    with steady_millrace(options.folder) as ours, peer(options.folder / peer.name) as theirs:
        # Both are sent the same requests.
        ours.wire = theirs.wire
        for shape in ("batch gzip", "single"):
            found = capture_pairs.pairs_of(ours, theirs, shape, options.pairs,
                                           options.seconds, keep)
            figures |= compare(found, shape, peer.name)
    return figures


def measurements(parts):
    """What is to be run, by name; each peer by itself, so that one that fails hides no other."""
    for part in parts:
        if part == "peers":
            for peer in peers.PEERS:
                yield peer.name, functools.partial(run_peer, peer)
        else:
            yield part, globals()[f"run_{part}"]


def parse():
    parser = argparse.ArgumentParser(description="Judge capture by its targets.")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter runs")
    parser.add_argument("--only", default=",".join(PARTS), help=f"of {','.join(PARTS)}")
    parser.add_argument("--json", type=pathlib.Path, help="the judged figures go here too")
    parser.add_argument("--results", type=pathlib.Path, default=ROOT / "build/bench/results",
                        help="where raw lines are kept")
    options = parser.parse_args()
    options.pairs = 3 if options.quick else 5
    options.seconds = 1.0 if options.quick else 2.5
    options.sustained_seconds = 10 if options.quick else 60
    options.folder = ROOT / "build/bench/run"
    options.only = options.only.split(",")
    if unknown := set(options.only) - set(PARTS):
        parser.error(f"no part is called {', '.join(unknown)}; there are {', '.join(PARTS)}")
    return options


def main():
    options = parse()
    for program in (PROGRAM, CEILING):
        if not program.exists():
            sys.exit(f"{program} is not there: make bench ARGS=--build-only")
    results = Results(options.results)
    print(f"millrace {results.stamp['commit']} on {results.stamp['machine']}; "
          f"others use {busy_cores():.2f} cores now")
    figures, failures = {}, 0
    for name, measure in measurements(options.only):
        try:
            figures |= measure(options, results.keep)
        except BenchFailed as error:
            failures += 1
            print(f"{name}: failed: {error}")
    lines, missed = targets.judge(figures)
    print_table(lines)
    if options.json:
        options.json.write_text(json.dumps(targets.as_rows(figures), indent=1) + "\n")
    print(f"{missed} missed; raw lines in {os.path.relpath(results.raw_path, ROOT)}")
    return 1 if missed or failures else 0


if __name__ == "__main__":
    sys.exit(main())
