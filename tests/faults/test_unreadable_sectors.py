"""Sectors of the log that the disk cannot read: what lies on them is named, the rest is read."""

import json
import shutil
import subprocess

import pytest

from millrace import PROGRAM
from test_http import event, send

EVENTS = 5

needs_strace = pytest.mark.skipif(shutil.which("strace") is None,
                                  reason="strace is not installed")


def read_with_failures(server, path, trace, *command):
    """Runs a `millrace log` command while every pread of one file fails as from a bad sector."""
    done = subprocess.run(
        ["strace", "-f", "-P", str(path), "-e", "trace=pread64", "-e", "inject=pread64:error=EIO",
         "-o", str(trace), str(PROGRAM), "log", *command, "--data", str(server.data), "--json"],
        capture_output=True, text=True, timeout=120)
    assert "(INJECTED)" in trace.read_text(), "nothing was injected"
    return done


@needs_strace
def test_a_segment_that_cannot_be_read_is_named_and_the_next_one_is_read(make_millrace, tmp_path):
    server = make_millrace()
    for _ in range(2):  # each opening begins a segment
        server.start()
        for name in range(EVENTS):
            assert send(server, "POST", "/e", event(server, f"event {name}"))[0] == 200
        server.wait_drained()
        server.stop()
    segment = min((server.data / "log/captured/0").glob("*.log"))

    dumped = read_with_failures(server, segment, tmp_path / "dump.txt", "dump", "captured")
    lines = [json.loads(line) for line in dumped.stdout.splitlines()]
    assert dumped.returncode == 1, dumped.stderr
    assert [line["offset"] for line in lines[1:]] == list(range(EVENTS, 2 * EVENTS)), dumped.stdout
    assert "cannot be read" in json.dumps(lines[0]), lines[0]
    assert (server.data / f"log/captured/0/quarantine/0-{EVENTS - 1}.damaged").exists()

    verified = read_with_failures(server, segment, tmp_path / "verify.txt", "verify", "captured")
    findings = json.loads(verified.stdout)["partitions"][0]["findings"]
    assert verified.returncode == 1
    ranges = [(one["first_offset"], one["last_offset"]) for one in findings]
    assert ranges == [(0, EVENTS - 1)], findings
