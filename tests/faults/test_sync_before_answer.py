"""A completed sync lies before every answer: counted in the system calls of the real program.

SIGKILL never tests a sync, since the kernel keeps what was written. So the accept process runs
under strace, and each 200 that it writes to a client must come after a sync of the log that was
begun after the request had been read.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import threading

import pytest

from millrace import wait_until
from strace_log import read_calls
from test_http import event, send

SYNCS = {"fdatasync", "fsync", "sync_file_range"}
WRITES = {"pwrite64", "pwritev", "pwritev2", "write"}
REQUESTS = 200


class Tracer:
    """strace on a running process and all its threads."""

    def __init__(self, pid, path):
        self.path = path
        calls = "openat,close,read,recvfrom,recvmsg,readv,write,writev,sendto,sendmsg,pwrite64," \
            "pwritev,pwritev2,fdatasync,fsync,accept,accept4"
        self.process = subprocess.Popen(
            ["strace", "-f", "-ttt", "-y", "-s", "64", "-e", f"trace={calls}", "-o", str(path),
             "-p", str(pid)], stderr=subprocess.PIPE, text=True)
        wait_until(lambda: "attached" in self.process.stderr.readline(), 10, "strace to attach")
        self.drain = threading.Thread(target=self.process.stderr.read, daemon=True)
        self.drain.start()

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(20)
        with open(self.path, encoding="utf-8", errors="replace") as file:
            return read_calls(file.read().splitlines())


def direct_files(pid):
    """Paths that a process has open with O_DSYNC: a write there is a sync."""
    found = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            target = os.readlink(f"/proc/{pid}/fd/{fd}")
            flags = int(re.search(r"flags:\s+(\d+)", open(
                f"/proc/{pid}/fdinfo/{fd}", encoding="utf-8").read())[1], 8)
        except OSError:
            continue
        if "/log/" in target and flags & os.O_DSYNC:
            found.add(target)
    return found


def opened_with_dsync(calls):
    """Paths opened with O_DSYNC while the trace ran (new segments)."""
    paths = set()
    for call in calls:
        if call.name == "openat" and call.result >= 0 and "O_DSYNC" in call.arguments:
            paths.add(re.search(r'"([^"]*)"', call.arguments)[1])
    return paths


def is_sync(call, direct):
    path = re.match(r"\d+<([^>]*)>", call.arguments)
    path = path[1] if path else ""
    if call.name in SYNCS and call.result == 0:
        return "/log/" in path
    return call.name in WRITES and call.result > 0 and path in direct


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_a_completed_sync_lies_before_every_answer(make_millrace, unique, tmp_path):
    server = make_millrace().start()
    assert send(server, "POST", "/e", event(server, f"{unique}-first"))[0] == 200
    accept = server.child_ids()["accept"]
    direct = direct_files(accept)
    tracer = Tracer(accept, tmp_path / "strace.txt")
    for n in range(REQUESTS):
        body = json.dumps(event(server, f"{unique}-{n}"))
        assert send(server, "POST", "/e", body)[0] == 200
    calls = tracer.stop()
    direct |= opened_with_dsync(calls)

    socket_of = re.compile(r"\d+<(?:TCP:\[)?(?:socket:\[)?([^\]>]*)")
    syncs = [call for call in calls if is_sync(call, direct)]
    reads, answers, unsynced = {}, 0, []
    for call in sorted(calls, key=lambda c: c.ended):
        match = socket_of.match(call.arguments)
        peer = match[1] if match else None
        if call.name in ("read", "recvfrom", "recvmsg", "readv") and "POST /e" in call.arguments:
            reads[peer] = call.started
        elif call.name in ("write", "writev", "sendto", "sendmsg") and "HTTP/1.1 200" in \
                call.arguments and peer in reads:
            answers += 1
            begun = reads.pop(peer)
            if not any(begun < sync.started and sync.ended < call.started for sync in syncs):
                unsynced.append(call)
    print(f"{answers} answers, {len(syncs)} completed syncs, direct files: {sorted(direct)}")
    assert answers == REQUESTS
    assert not unsynced, unsynced[:3]
