"""What the test runners share: running one step's commands and counting its cases."""

import os
import pathlib
import re
import signal
import subprocess
import xml.etree.ElementTree as ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
JOBS = str(os.cpu_count() or 2)
TAIL_LINES = 60


class StepFailed(Exception):
    """A command of the step ended badly; the message says which."""


def case_name(case):
    """ctest gives name and classname the same text; pytest gives module and function."""
    name, place = case.get("name", ""), case.get("classname", "")
    return name if place in ("", name) else f"{place}::{name}"


def skip_reason(case, skipped):
    """Why a case was skipped: ctest keeps GoogleTest's words only in the case's output."""
    said = re.search(r": Skipped\n(.+)", case.findtext("system-out", ""))
    return said[1] if said else skipped.get("message") or "no reason given"


class Counts:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.failures = []
        self.skips = {}  # reason: names

    def add_junit(self, path):
        """Adds the cases of a JUnit file as written by ctest or pytest."""
        for case in ElementTree.parse(path).getroot().iter("testcase"):
            name = case_name(case)
            status = case.get("status", "")
            skipped = case.find("skipped")
            if skipped is not None and status != "fail":
                self.skipped += 1
                self.skips.setdefault(skip_reason(case, skipped), []).append(name)
            elif status in ("fail", "notrun") or any(
                case.find(tag) is not None for tag in ("failure", "error")
            ):
                self.failed += 1
                self.failures.append(name)
            elif status == "disabled":
                self.skipped += 1
                self.skips.setdefault("disabled", []).append(name)
            else:
                self.passed += 1

    def add_check(self, name, ok):
        if ok:
            self.passed += 1
        else:
            self.failed += 1
            self.failures.append(name)

    def total(self):
        return self.passed + self.failed + self.skipped


class Step:
    """One step's log file and counts, and the ways in which it runs commands."""

    def __init__(self, name, folder):
        self.name = name
        self.folder = folder
        self.counts = Counts()
        self.log_path = folder / f"{name}.log"
        self.log = open(self.log_path, "w", encoding="utf-8", errors="replace")

    def run(self, command, limit_seconds, env=None, check=True):
        """Runs a command to its end; kills its whole process group at the limit."""
        command = [str(part) for part in command]
        self.log.write(f"$ {' '.join(command)}\n")
        self.log.flush()
        child = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code = child.wait(limit_seconds)
        except subprocess.TimeoutExpired:
            kill_group(child)
            raise StepFailed(f"over its limit of {limit_seconds} s: {' '.join(command)}")
        except BaseException:
            kill_group(child)
            raise
        if check and code != 0:
            raise StepFailed(f"exit code {code}: {' '.join(command)}")
        return code

    def configure(self, preset):
        """Makes the build's rules, or brings them up to date with the folders there are."""
        if (ROOT / "build" / preset / "build.ninja").exists():
            self.run(["ninja", "-C", f"build/{preset}", "build.ninja"], 120)
        else:
            self.run(["cmake", "--preset", preset], 120)

    def build(self, preset, targets=(), limit_seconds=2400):
        self.configure(preset)
        command = ["cmake", "--build", f"build/{preset}", "--parallel", JOBS]
        for target in targets:
            command += ["--target", target]
        self.run(command, limit_seconds)

    def ctest(self, preset, limit_seconds, env=None, select=None):
        junit = self.folder / f"{self.name}.ctest.xml"
        junit.unlink(missing_ok=True)
        # Programs left out of this build show up as cases named PROGRAM_NOT_BUILT.
        command = ["ctest", "--test-dir", f"build/{preset}", "--parallel", JOBS]
        command += ["--output-on-failure", "--exclude-regex", "_NOT_BUILT", "--timeout", "300"]
        command += ["--output-junit", junit]
        if select:
            command += ["--tests-regex", select]
        code = self.run(command, limit_seconds, env, check=False)
        if not junit.exists():
            raise StepFailed(f"ctest wrote no results (exit code {code})")
        self.counts.add_junit(junit)
        if code != 0 and self.counts.failed == 0:
            raise StepFailed(f"ctest ended with {code} but names no failure")
        if self.counts.total() == 0:
            raise StepFailed("ctest found no test")


def kill_group(child):
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    child.wait()


def fuzz_programs():
    """The fuzz targets that the asan build holds, in order of name."""
    return sorted(
        path for path in (ROOT / "build" / "asan").rglob("mr_*_fuzz")
        if path.is_file() and os.access(path, os.X_OK)
    )


def fuzz(step, program, seconds):
    """Runs one fuzz target, starting from its committed corpus; True if it found nothing."""
    fresh = ROOT / "build" / "fuzz" / program.name
    fresh.mkdir(parents=True, exist_ok=True)
    command = [program, f"-max_total_time={seconds}", "-timeout=20", "-rss_limit_mb=2048"]
    command += ["-print_final_stats=1", f"-artifact_prefix={step.folder}/{program.name}-", fresh]
    seeds = ROOT / "tests" / "fuzz" / program.name
    if seeds.is_dir():
        command.append(seeds)
    return step.run(command, seconds + 120, check=False) == 0


def show_tail(path):
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    for line in lines[-TAIL_LINES:]:
        print(f"    | {line}")
