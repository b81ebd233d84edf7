"""A disk that fails under the running program: errors, a kill in a system call, and no space.

What was answered with 200 is there in the end, whatever happened; what was not is answered with 503
and Retry-After, and accepting goes on by itself when the disk is well again.
"""

import shutil
import signal
import subprocess
import threading

import pytest

from millrace import sql_text, wait_until
from test_http import event, send

DISK_BYTES = 24 * 1024 * 1024
RESERVED = "4MiB"
BALLAST_BYTES_MIN = 64 * 1024

needs_strace = pytest.mark.skipif(shutil.which("strace") is None,
                                  reason="strace is not installed")


class Injection:
    """strace that spoils system calls of a running process until it is stopped."""

    def __init__(self, pid, what, path):
        self.process = subprocess.Popen(
            ["strace", "-f", "-y", "-e", f"trace={what.split(':')[0]}", "-e", f"inject={what}",
             "-o", str(path), "-p", str(pid)], stderr=subprocess.PIPE, text=True)
        wait_until(lambda: "attached" in self.process.stderr.readline(), 10, "strace to attach")
        self.drain = threading.Thread(target=self.process.stderr.read, daemon=True)
        self.drain.start()
        self.path = path

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(20)
        return self.path.read_text(errors="replace").count("(INJECTED")


def try_to_send(server, name):
    """The status of one event's request; nothing when the connection broke."""
    try:
        status, headers, body = send(server, "POST", "/e", event(server, name, name))
    except OSError:
        return None
    if status == 503:
        assert int(headers["retry-after"]) > 0, headers
    else:
        assert status == 200, body
    return status


def send_many(server, prefix, count):
    """Sends events one by one; yields the names of those that were acknowledged."""
    return [name for name in (f"{prefix}-{n}" for n in range(count))
            if try_to_send(server, name) == 200]


def assert_stored(server, prefix, acknowledged):
    """All that was acknowledged is there, each once."""
    where = f"startsWith(event, {sql_text(prefix)})"
    sql = f"SELECT event, count() AS n FROM events WHERE {where} GROUP BY event"

    def rows():
        return {row["event"]: int(row["n"]) for row in server.query(sql)}

    wait_until(lambda: server.can_query() and set(acknowledged) <= set(rows()), 60,
               f"{len(acknowledged)} acknowledged events")
    stored = rows()
    assert [name for name in acknowledged if stored[name] != 1] == []


@needs_strace
@pytest.mark.parametrize("what", ["pwrite64:error=EIO:when=3+7", "pwrite64:error=ENOSPC:when=2+5"])
def test_writes_that_fail_lose_nothing_that_was_answered(make_millrace, unique, tmp_path, what):
    server = make_millrace().start()
    acknowledged = send_many(server, f"{unique}-before", 3)
    injection = Injection(server.child_ids()["accept"], what, tmp_path / "strace.txt")
    during = send_many(server, f"{unique}-during", 40)
    assert injection.stop() > 0, "nothing was injected"
    assert len(during) < 40, "no request noticed the failing writes"
    wait_until(lambda: try_to_send(server, f"{unique}-again") == 200, 30, "accepting again")
    acknowledged += during + send_many(server, f"{unique}-after", 3)
    assert_stored(server, unique, acknowledged)


@needs_strace
def test_syncs_that_fail_after_the_answer_lose_nothing_that_the_system_still_has(
        make_millrace, unique, tmp_path):
    server = make_millrace(options=["--log.sync", "interval=50ms"]).start()
    accept = server.child_ids()["accept"]
    acknowledged = send_many(server, f"{unique}-before", 3)
    injection = Injection(accept, "fdatasync:error=EIO", tmp_path / "strace.txt")
    during = send_many(server, f"{unique}-during", 10)
    assert during, "nothing was answered"
    told = "a file of the log failed and is not written again"
    wait_until(lambda: told in server.log_path.read_text(), 20, "the server to say so")
    assert injection.stop() > 0, "nothing was injected"
    # Without another event: what was answered becomes durable, and readers see it only then.
    acknowledged += during
    assert_stored(server, unique, acknowledged)

    # Every other sync fails, in the middle of everything.
    injection = Injection(accept, "fdatasync:error=EIO:when=1+2", tmp_path / "strace.txt")
    acknowledged += send_many(server, f"{unique}-again", 60)
    assert injection.stop() > 0, "nothing was injected"
    wait_until(lambda: try_to_send(server, f"{unique}-well") == 200, 30, "accepting again")
    acknowledged += send_many(server, f"{unique}-after", 3)
    assert_stored(server, unique, acknowledged)
    assert "are lost" not in server.log_path.read_text(), server.log_tail()
    assert server.child_ids()["accept"] == accept, "a failed sync is no reason to end"


@needs_strace
def test_a_kill_inside_a_write_loses_nothing_that_was_answered(make_millrace, unique, tmp_path):
    server = make_millrace().start()
    accept = server.child_ids()["accept"]
    Injection(accept, "pwrite64:signal=SIGKILL:when=5", tmp_path / "strace.txt")
    acknowledged = send_many(server, f"{unique}-during", 20)
    assert len(acknowledged) < 20, "nobody was killed"
    wait_until(lambda: server.child_ids().get("accept") not in (None, accept), 30, "a new accept")
    wait_until(lambda: try_to_send(server, f"{unique}-again") == 200, 30, "accepting again")
    assert_stored(server, unique, acknowledged)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of a few megabytes where the log will be."""
    folder = tmp_path / "data" / "log"
    folder.mkdir(parents=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", folder],
                             capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"no file system can be mounted: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def fill(folder):
    """Takes the space that is left, but for what the program keeps for itself."""
    ballast = folder / "ballast"
    with open(ballast, "wb", buffering=0) as file:
        try:
            while shutil.disk_usage(folder).free > BALLAST_BYTES_MIN:
                file.write(b"x" * BALLAST_BYTES_MIN)
        except OSError:
            pass
    return ballast


def test_a_full_disk_refuses_goes_on_reading_and_recovers(small_disk, make_millrace, unique):
    server = make_millrace(options=["--log.reserved_bytes", RESERVED]).start()
    acknowledged = send_many(server, f"{unique}-before", 5)
    assert len(acknowledged) == 5
    ballast = fill(small_disk)
    wait_until(lambda: try_to_send(server, f"{unique}-full") == 503, 30, "a refusal")
    # Reading goes on: what was accepted before reaches the store, or is there already.
    assert_stored(server, f"{unique}-before", acknowledged)

    # A restart on the full disk works, and still refuses.
    server.stop()
    server.spawn()
    wait_until(lambda: server.can_query(), 30, "an answer after the restart")
    wait_until(lambda: try_to_send(server, f"{unique}-restarted") == 503, 30, "a refusal")

    ballast.unlink()
    wait_until(lambda: try_to_send(server, f"{unique}-again") == 200, 30, "accepting again")
    acknowledged += send_many(server, f"{unique}-after", 5)
    assert_stored(server, unique, acknowledged)
    server.stop()
