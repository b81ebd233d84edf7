#!/usr/bin/env python3
"""Runs the log through seeded misfortune (docs/TESTING.md, "Simulated crashes").

  tools/simulate.py --seeds 20000                     fresh seeds, shared by all scenarios
  tools/simulate.py --scenario log_rot --from 1 --seeds 500
  tools/simulate.py --scenario log_rot --seed 205 --trace --without=read_error,power
  tools/simulate.py --crash-everywhere                a crash at every operation of short runs
  tools/simulate.py --bugs                            how soon each planted bug is found

Fresh seeds begin at a number made from the commit. Seeds that once failed come first
(tests/sim/regressions.txt). The exit code is 1 when an invariant did not hold, and with --bugs when
a bug was not found. With --json the last line is the whole result as one JSON object.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "build" / "release" / "src" / "log" / "mr_log_simulate"
BATCH_SEEDS = 250
BUG_SEEDS = 1000
CRASH_SEEDS = 2
SHRINK_KINDS = ("write_error", "read_error", "sync_error", "name_error", "short_write",
                "short_read", "slow_disk", "wall_jumps", "mischief", "crash", "power", "rot")


def program(arguments):
    """Runs mr_log_simulate; yields its lines, its exit code and what it said besides."""
    done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return lines, done.returncode, done.stderr


def inventory():
    lines, code, errors = program(["--list"])
    if code != 0:
        sys.exit(errors)
    return {
        "scenarios": [line["scenario"] for line in lines if "scenario" in line],
        "bugs": [line for line in lines if "bug" in line],
        "marks": sorted({line["mark"] for line in lines if "mark" in line}),
        "regressions": [(line["regression"], line["seed"]) for line in lines
                        if "regression" in line],
    }


def commit():
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip() or "0"


def fresh_seed():
    """Where the seeds of this commit begin: far from those of any other."""
    return int(commit()[:10], 16) * 1000 + 1


class Totals:
    """What all processes have done so far, by scenario."""

    def __init__(self):
        self.lock = threading.Lock()
        self.by_scenario = {}
        self.reached = {}
        self.failures = []
        self.done = 0

    def add(self, scenario, lines, seconds):
        with self.lock:
            row = self.by_scenario.setdefault(
                scenario, {"seeds": 0, "runs": 0, "failures": 0, "operations": 0, "seconds": 0.0})
            row["seconds"] += seconds
            for line in lines:
                if "reached" in line:
                    for key in ("seeds", "runs", "failures", "operations"):
                        row[key] += line[key]
                    self.done += line["seeds"]
                    for mark, runs in line["reached"].items():
                        self.reached[mark] = self.reached.get(mark, 0) + runs
                elif "failure" in line:
                    self.failures.append(line)

    def runs(self):
        return sum(row["runs"] for row in self.by_scenario.values())


def run_batch(options, totals, scenario, first, count):
    """One process with a few seeds. One that dies names the seed at which it did."""
    arguments = ["--scenario", scenario, "--from", first, "--seeds", count,
                 "--failures-max", options.failures_max]
    if options.without:
        arguments += ["--without", options.without]
    if options.crash_everywhere:
        arguments.append("--crash-everywhere")
    started = time.monotonic()
    lines, code, errors = program(arguments)
    if code not in (0, 1) and count > 1:
        for seed in range(first, first + count):
            run_batch(options, totals, scenario, seed, 1)
        return
    if code not in (0, 1):
        said = errors.strip().splitlines()[-1:] or [""]
        lines = [{"failure": f"the program ended with {code}: {said[0]}", "scenario": scenario,
                  "seed": first, "faults": "", "operation": 0, "micros": 0},
                 {"scenario": scenario, "seeds": 1, "runs": 1, "failures": 1, "operations": 0,
                  "reached": {}}]
    totals.add(scenario, lines, time.monotonic() - started)


def describe(failure):
    return (f"{failure['failure']} | seed {failure['seed']} commit {commit()[:12]} scenario "
            f"{failure['scenario']} faults{failure['faults']} time {failure['micros']} us "
            f"operation {failure['operation']}")


def shrink(options, failure):
    """Leaves out what the failure does not need; yields the command that shows it."""
    base = ["--scenario", failure["scenario"], "--from", failure["seed"]]
    if options.crash_everywhere:
        return base + ["--crash-everywhere"]
    without = options.without.split(",") if options.without else []
    extra = []

    def fails(left_out, more):
        arguments = base + (["--without", ",".join(left_out)] if left_out else []) + more
        return program(arguments)[1] != 0

    for kind in SHRINK_KINDS:
        if kind not in without and fails(without + [kind], extra):
            without.append(kind)
    for name, numbers in (("--producers", (1,)), ("--rounds", (1, 2, 3, 4))):
        for number in numbers:
            if fails(without, extra + [name, number]):
                extra += [name, number]
                break
    return base + (["--without", ",".join(without)] if without else []) + extra


def show_table(totals, seconds, marks):
    print(f"{'scenario':<28}{'seeds':>9}{'runs':>9}{'failures':>10}{'runs/s':>9}{'operations':>14}")
    for scenario, row in sorted(totals.by_scenario.items()):
        rate = row["runs"] / row["seconds"] if row["seconds"] else 0
        print(f"{scenario:<28}{row['seeds']:>9}{row['runs']:>9}{row['failures']:>10}{rate:>9.0f}"
              f"{row['operations']:>14}")
    runs = totals.runs()
    failed = sum(row["failures"] for row in totals.by_scenario.values())
    print(f"{'all':<28}{totals.done:>9}{runs:>9}{failed:>10}{runs / max(seconds, 0.001):>9.0f}")
    print("\nshare of the runs that reached")
    for mark in marks:
        share = 100 * totals.reached.get(mark, 0) / max(runs, 1)
        print(f"  {mark:<36}{share:>8.3f} %  {totals.reached.get(mark, 0):>9}")
    never = [mark for mark in marks if not totals.reached.get(mark)]
    if never:
        print(f"never reached: {', '.join(never)}")


def batches(options, known):
    """(scenario, first seed, how many): regressions first, then every scenario in turn."""
    if options.seed is not None:
        return [(scenario, options.seed, 1) for scenario in options.scenarios]
    work = [] if options.crash_everywhere else [
        (scenario, seed, 1) for scenario, seed in known["regressions"]
        if scenario in options.scenarios]
    first = options.first if options.first is not None else fresh_seed()
    if options.crash_everywhere:
        return [(scenario, seed, 1) for scenario in options.scenarios
                for seed in range(1, 1 + options.tears)]
    each = -(-options.seeds // len(options.scenarios))
    for start in range(0, each, BATCH_SEEDS):
        for scenario in options.scenarios:
            work.append((scenario, first + start, min(BATCH_SEEDS, each - start)))
    return work


def run_seeds(options, known):
    totals = Totals()
    started = time.monotonic()
    shown = started
    work = batches(options, known)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        waiting = [pool.submit(run_batch, options, totals, *one) for one in work]
        for finished, future in enumerate(concurrent.futures.as_completed(waiting), 1):
            future.result()
            now = time.monotonic()
            if now - shown > 5:
                shown = now
                print(f"{finished} of {len(work)} batches, {totals.done} seeds, "
                      f"{len(totals.failures)} failures, {totals.done / (now - started):.0f}/s",
                      file=sys.stderr, flush=True)
            if len(totals.failures) >= options.failures_max:
                for one in waiting:
                    one.cancel()
                break
    seconds = time.monotonic() - started
    for failure in totals.failures[:options.failures_max]:
        print(describe(failure))
        small = shrink(options, failure)
        failure["shrunk"] = " ".join(str(word) for word in small)
        print(f"  again: {PROGRAM.relative_to(ROOT)} {failure['shrunk']} --trace")
    show_table(totals, seconds, known["marks"])
    if options.json:
        print(json.dumps({"commit": commit(), "seconds": round(seconds, 1), "seeds": totals.done,
                          "runs": totals.runs(), "scenarios": totals.by_scenario,
                          "reached": {mark: totals.reached.get(mark, 0)
                                      for mark in known["marks"]},
                          "failures": totals.failures}))
    return 1 if totals.failures else 0


def run_bugs(options, known):
    """How soon the simulation finds each mistake that is put into the engine, and how often."""
    seeds = options.seeds
    print(f"{'planted bug':<28}{'scenario':<20}{'first seed':>11}{'share':>9}   of {seeds} seeds")
    missed = 0

    def one(bug):
        arguments = ["--scenario", bug["scenario_of_bug"], "--bug", bug["bug"], "--from", 1,
                     "--seeds", seeds, "--failures-max", seeds, "--check-every", 0]
        return program(arguments)[0]

    results = []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for bug, lines in zip(known["bugs"], pool.map(one, known["bugs"])):
            failures = [line for line in lines if "failure" in line]
            first = failures[0]["seed"] if failures else None
            missed += not failures
            results.append({"bug": bug["bug"], "what": bug["what"], "first": first,
                            "failing": len(failures), "seeds": seeds})
            print(f"{bug['bug']:<28}{bug['scenario_of_bug']:<20}{first or 'none':>11}"
                  f"{100 * len(failures) / seeds:>7.1f} %   {bug['what']}", flush=True)
    if options.json:
        print(json.dumps(results))
    return 1 if missed else 0


def parse(known):
    parser = argparse.ArgumentParser(description="Run the log through seeded misfortune.")
    parser.add_argument("--seeds", type=int, help="how many, over all scenarios")
    parser.add_argument("--from", dest="first", type=int, help="the first seed")
    parser.add_argument("--scenario", default="all", help="one of: " + ", ".join(
        known["scenarios"]))
    parser.add_argument("--seed", type=int, help="this one only")
    parser.add_argument("--trace", action="store_true", help="with --seed: every operation")
    parser.add_argument("--without", help="kinds of faults to leave out: " + ", ".join(
        SHRINK_KINDS))
    parser.add_argument("--crash-everywhere", action="store_true",
                        help="a crash at every operation of short runs, not at random")
    parser.add_argument("--tears", type=int, default=CRASH_SEEDS,
                        help="with it: how many seeds of each scenario")
    parser.add_argument("--bugs", action="store_true", help="look for the planted bugs")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--failures-max", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.seeds is None:
        options.seeds = BUG_SEEDS if options.bugs else 2000
    options.scenarios = known["scenarios"] if options.scenario == "all" else [options.scenario]
    for scenario in options.scenarios:
        if scenario not in known["scenarios"]:
            parser.error(f"no scenario is called {scenario}")
    return options


def main():
    if not PROGRAM.exists():
        sys.exit(f"{PROGRAM} does not exist; build it with: "
                 "cmake --preset release && ninja -C build/release mr_log_simulate")
    known = inventory()
    options = parse(known)
    if options.bugs:
        return run_bugs(options, known)
    if options.seed is not None and options.trace:
        arguments = ["--scenario", options.scenarios[0], "--from", str(options.seed), "--trace"]
        arguments += ["--without", options.without] if options.without else []
        return subprocess.run([PROGRAM, *arguments]).returncode
    return run_seeds(options, known)


if __name__ == "__main__":
    sys.exit(main())
