#!/usr/bin/env python3
"""Runs every test that belongs to each push and adds up what they counted.

Steps run in order; each one's output goes to build/test-results/STEP.log and is shown only
when the step fails. The last line of output is `N passed, N failed, N skipped`; the exit code
is 1 when something failed. A step that could not run (a build that broke, a missing tool, a
step it depends on) counts as one failure, never as a skip.

  tools/test.py --list                 name the steps
  tools/test.py --only dev,e2e         run some of them
  tools/test.py --without tsan         leave some out
"""

import argparse
import json
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree

from test_step import ROOT, Step, StepFailed, fuzz, fuzz_programs, show_tail

RESULTS = ROOT / "build" / "test-results"

SIMULATED_SEEDS = int(os.environ.get("SIM_SEEDS", "4000"))
PLANTED_BUG_SEEDS = 1000  # the rarest shows in 7 of them
# The tests mostly wait for their servers: more of them than cores. One file stays with one worker.
E2E_WORKERS = ["-n", "3", "--dist", "loadfile", "--no-loadscope-reorder"]
FUZZ_SECONDS_EACH = int(os.environ.get("FUZZ_SECONDS", "5"))

# What the thread sanitizer watches on each push: the folders whose tests use real threads, real
# processes or memory shared between them. The rest runs on one loop; make test-long watches all.
TSAN_PROGRAMS = [f"mr_{folder}_tests"
                 for folder in ("io", "telemetry", "sqlite", "catalog", "state", "http", "log")]


def step_setup(step):
    """Fetches the embedded ClickHouse engine."""
    step.run(["tools/fetch_libchdb.sh", "build/third_party/chdb"], 900)


def step_layout(step):
    """Every C++ file is as clang-format lays it out."""
    step.counts.add_check("layout", step.run(["tools/lint.sh", "--layout"], 300, check=False) == 0)


def step_dev(step):
    """Unit tests of the dev build, and the tidy test."""
    step.build("dev")
    step.ctest("dev", 900)


def step_lint(step):
    """clang-tidy has nothing to say about any source file."""
    step.counts.add_check("clang-tidy", step.run(["tools/lint.sh"], 1200, check=False) == 0)


def step_asan(step):
    """Unit tests under the address and undefined-behaviour sanitizers."""
    step.build("asan")
    step.ctest("asan", 900, {
        "ASAN_OPTIONS": "detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1",
        "UBSAN_OPTIONS": "print_stacktrace=1",
    })


def step_fuzz(step):
    """A few seconds of every fuzz target, starting from its committed corpus."""
    step.build("asan")
    programs = fuzz_programs()
    if not programs:
        raise StepFailed("no fuzz target was built")
    for program in programs:
        step.counts.add_check(program.name, fuzz(step, program, FUZZ_SECONDS_EACH))


def step_tsan(step):
    """Unit tests of the folders that meet threads, under the thread sanitizer."""
    step.build("tsan", TSAN_PROGRAMS)
    step.ctest("tsan", 900, {"TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1"})


def step_release(step):
    """The program as people run it builds and says its version."""
    step.build("release", ["millrace"])
    code = step.run(["build/release/millrace", "--version"], 20, check=False)
    step.counts.add_check("millrace --version", code == 0)


def step_simulate(step):
    """Fresh seeds of the log's simulation, and a crash at every operation of short runs."""
    step.build("release", ["mr_log_simulate"])
    for name, arguments in (("fresh seeds", ["--seeds", SIMULATED_SEEDS]),
                            ("crashes everywhere", ["--crash-everywhere", "--tears", 1]),
                            ("planted bugs", ["--bugs", "--seeds", PLANTED_BUG_SEEDS])):
        code = step.run(["tools/simulate.py", *arguments], 600, check=False)
        step.counts.add_check(name, code == 0)


def step_e2e(step):
    """The real program, driven by the published client libraries and by raw requests."""
    junit = RESULTS / "e2e.pytest.xml"
    junit.unlink(missing_ok=True)
    code = step.run(["tools/e2e.sh", f"--junit-xml={junit}", *E2E_WORKERS], 1200, check=False)
    if not junit.exists():
        raise StepFailed(f"pytest wrote no results (exit code {code})")
    step.counts.add_junit(junit)
    if code != 0 and step.counts.failed == 0:
        raise StepFailed(f"pytest ended with {code} but names no failure")


STEPS = {
    "setup": (step_setup, []),
    "layout": (step_layout, []),
    "dev": (step_dev, ["setup"]),
    "lint": (step_lint, ["dev"]),
    "asan": (step_asan, []),
    "fuzz": (step_fuzz, []),
    "tsan": (step_tsan, []),
    "release": (step_release, ["setup"]),
    "simulate": (step_simulate, ["release"]),
    "e2e": (step_e2e, ["release"]),
}


def run_step(name, broken):
    """Runs one step and returns its counts; a step that breaks is one failure more."""
    action, needs = STEPS[name]
    step = Step(name, RESULTS)
    started = time.monotonic()
    trouble = None
    blocked = [need for need in needs if need in broken]
    if blocked:
        trouble = f"not run: the step {blocked[0]} broke"
    else:
        try:
            action(step)
        except (StepFailed, OSError, ElementTree.ParseError, subprocess.SubprocessError) as error:
            trouble = str(error)
    step.log.close()
    counts = step.counts
    if trouble:
        counts.add_check(f"step {name}: {trouble}", False)
        broken.add(name)
    seconds = time.monotonic() - started
    print(f"{name:<9}{seconds:8.1f} s {counts.passed:6} passed {counts.failed:4} failed "
          f"{counts.skipped:4} skipped   {step.log_path.relative_to(ROOT)}")
    for failure in counts.failures:
        print(f"    failed: {failure}")
    for reason, names in counts.skips.items():
        print(f"    skipped {len(names)}: {reason}: {', '.join(names)}")
    if counts.failed and not blocked:
        show_tail(step.log_path)
    return counts


def chosen_steps(options):
    names = options.only.split(",") if options.only else list(STEPS)
    left_out = options.without.split(",") if options.without else []
    for name in names + left_out:
        if name not in STEPS:
            sys.exit(f"no step is called '{name}'; there are: {', '.join(STEPS)}")
    return [name for name in STEPS if name in names and name not in left_out]


def main():
    parser = argparse.ArgumentParser(description="Run the tests of each push.")
    parser.add_argument("--only", help="comma-separated steps to run")
    parser.add_argument("--without", help="comma-separated steps to leave out")
    parser.add_argument("--list", action="store_true", help="name the steps")
    options = parser.parse_args()
    if options.list:
        for name, (action, _) in STEPS.items():
            print(f"{name:<9} {action.__doc__}")
        return 0
    RESULTS.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    broken = set()
    per_step = {name: run_step(name, broken) for name in chosen_steps(options)}
    passed, failed, skipped = (
        sum(getattr(counts, kind) for counts in per_step.values())
        for kind in ("passed", "failed", "skipped")
    )
    (RESULTS / "summary.json").write_text(json.dumps({
        "passed": passed, "failed": failed, "skipped": skipped,
        "seconds": round(time.monotonic() - started, 1),
        "steps": {name: {"passed": c.passed, "failed": c.failed, "skipped": c.skipped}
                  for name, c in per_step.items()},
    }, indent=1) + "\n")
    print(f"{time.monotonic() - started:.0f} s in all")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not per_step else 0


if __name__ == "__main__":
    sys.exit(main())
