#!/usr/bin/env python3
"""Runs the tests that take hours, one slice after another.

Interrupt it whenever you like: a finished slice is not run again for the same commit, only the
one under way is. State and records are under build/test-long/: state.json says what is done for
this commit, record.jsonl gets one line for every slice ever finished (commit, job, slice,
seconds, counts). The last line is `N passed, N failed, N skipped` over all slices done for this
commit; the exit code is 1 when one failed.

  tools/test_long.py --list            the jobs, their slices and what is done
  tools/test_long.py --only fuzz,gcc   some jobs
  tools/test_long.py --anew            forget what is done for this commit
"""

import argparse
import json
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree

from test_step import JOBS, ROOT, Step, StepFailed, fuzz, fuzz_programs, show_tail

FOLDER = ROOT / "build" / "test-long"
FUZZ_SLICES = 6
FUZZ_SLICE_SECONDS = 600
LOSS_SEEDS = range(1, 9)
SOAK = "tests/faults/test_soak.py"
SEED_SLICES = 12
SEEDS_EACH = int(os.environ.get("SIM_SEEDS", "200000"))


def fuzz_slice(step, number):
    step.build("asan")
    programs = fuzz_programs()
    if not programs:
        raise StepFailed("no fuzz target was built")
    for program in programs:
        step.counts.add_check(program.name, fuzz(step, program, FUZZ_SLICE_SECONDS))


def seeds_slice(step, number):
    """Fresh seeds for the simulated scenarios, in the fast build."""
    step.build("release", ["mr_log_simulate"])
    code = step.run(["tools/simulate.py", "--from", 1 + number * SEEDS_EACH, "--seeds", SEEDS_EACH,
                     "--json"], 3600, check=False)
    step.counts.add_check("seeds", code == 0)


def sanitizer_slice(step, number):
    preset = ["asan", "tsan"][number]
    step.build(preset)
    step.ctest(preset, 3600)


def gcc_slice(step, number):
    """Only builds: GCC 12 destroys some temporaries of co_await expressions twice, so programs
    that it makes from coroutines crash. Its warnings and its reading of C++ are what we want."""
    step.run(["cmake", "-S", ".", "-B", "build/gcc12", "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug",
              "-DCMAKE_CXX_COMPILER=g++-12"], 120)
    step.run(["cmake", "--build", "build/gcc12", "--parallel", JOBS], 5400)
    step.counts.add_check("gcc12 build", True)


def pytest_slice(step, arguments, env, limit_seconds):
    junit = FOLDER / f"{step.name}.xml"
    junit.unlink(missing_ok=True)
    step.build("release", ["millrace"])
    code = step.run(["tools/e2e.sh", f"--junit-xml={junit}", *arguments], limit_seconds, env,
                    check=False)
    if not junit.exists():
        raise StepFailed(f"pytest wrote no results (exit code {code})")
    step.counts.add_junit(junit)
    if code != 0 and step.counts.failed == 0:
        raise StepFailed(f"pytest ended with {code} but names no failure")


def loss_slice(step, number):
    env = {"LOSS_SEED": str(LOSS_SEEDS[number]), "LOSS_EVENTS": "200000"}
    pytest_slice(step, ["-k", "test_loss"], env, 3600)


def faults_slice(step, number):
    pytest_slice(step, ["tests/faults", "--ignore", SOAK], {"LONG_TESTS": "1"}, 3600)


def soak_slice(step, number):
    step.build("release", ["loadgen"])
    pytest_slice(step, [SOAK], {"LONG_TESTS": "1"}, 5400)


def newcomer_slice(step, number):
    code = step.run(["tools/newcomer_test.sh"], 7200, check=False)
    step.counts.add_check("newcomer", code == 0)


# name: (what it does, number of slices, the function that runs one)
JOBS_LIST = {
    "fuzz": ("an hour of every fuzz target", FUZZ_SLICES, fuzz_slice),
    "seeds": ("more seeds for every scenario of the simulator", SEED_SLICES, seeds_slice),
    "sanitizers": ("all unit tests under each sanitizer", 2, sanitizer_slice),
    "gcc": ("a build with GCC 12", 1, gcc_slice),
    "loss": ("the loss test, larger, with other seeds", len(LOSS_SEEDS), loss_slice),
    "faults": ("the real program under strace", 1, faults_slice),
    "soak": ("half an hour at 70 % of the peak, with kills and resets", 1, soak_slice),
    "newcomer": ("a bare Debian 12, a clone, two commands (needs root)", 1, newcomer_slice),
}


def current_commit():
    def git(*arguments):
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True,
                              check=True).stdout.strip()
    changed = git("status", "--porcelain", "--untracked-files=no")
    return git("rev-parse", "HEAD") + ("+changes" if changed else "")


class State:
    """What is done for one commit; every change is renamed into place at once."""

    def __init__(self, commit, anew):
        self.path = FOLDER / "state.json"
        self.data = {"commit": commit, "done": {}}
        if not anew and self.path.exists():
            stored = json.loads(self.path.read_text())
            if stored.get("commit") == commit:
                self.data = stored

    def done(self, key):
        return self.data["done"].get(key)

    def finish(self, key, record):
        self.data["done"][key] = record
        draft = self.path.with_suffix(".draft")
        draft.write_text(json.dumps(self.data, indent=1) + "\n")
        os.replace(draft, self.path)
        with open(FOLDER / "record.jsonl", "a", encoding="utf-8") as log:
            log.write(json.dumps(record) + "\n")


def run_slice(commit, job, number):
    action = JOBS_LIST[job][2]
    step = Step(f"{job}-{number}", FOLDER)
    started = time.time()
    trouble = None
    try:
        action(step, number)
    except (StepFailed, OSError, ElementTree.ParseError, subprocess.SubprocessError) as error:
        trouble = str(error)
    step.log.close()
    counts = step.counts
    if trouble:
        counts.add_check(f"{step.name}: {trouble}", False)
    print(f"{step.name:<14}{time.time() - started:9.1f} s {counts.passed:6} passed "
          f"{counts.failed:4} failed {counts.skipped:4} skipped", flush=True)
    for failure in counts.failures:
        print(f"    failed: {failure}")
    if counts.failed:
        show_tail(step.log_path)
    return {"commit": commit, "job": job, "slice": number, "started": int(started),
            "seconds": round(time.time() - started, 1), "passed": counts.passed,
            "failed": counts.failed, "skipped": counts.skipped}


def main():
    parser = argparse.ArgumentParser(description="Run the tests that take hours.")
    parser.add_argument("--only", help="comma-separated jobs to run")
    parser.add_argument("--list", action="store_true", help="name the jobs and what is done")
    parser.add_argument("--anew", action="store_true", help="forget what is done for this commit")
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    commit = current_commit()
    state = State(commit, options.anew)
    chosen = options.only.split(",") if options.only else list(JOBS_LIST)
    for job in chosen:
        if job not in JOBS_LIST:
            sys.exit(f"no job is called '{job}'; there are: {', '.join(JOBS_LIST)}")
    if options.list:
        for job, (text, slices, _) in JOBS_LIST.items():
            done = sum(1 for n in range(slices) if state.done(f"{job}-{n}"))
            print(f"{job:<11} {done:2} of {slices:2} slices done   {text}")
        return 0
    try:
        for job in chosen:
            for number in range(JOBS_LIST[job][1]):
                if not state.done(f"{job}-{number}"):
                    state.finish(f"{job}-{number}", run_slice(commit, job, number))
    except KeyboardInterrupt:
        print("\ninterrupted; the same command goes on from here")
    records = state.data["done"].values()
    passed, failed, skipped = (sum(r[k] for r in records) for k in ("passed", "failed", "skipped"))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
