"""What capture asks of the machine: system calls, bytes written, memory, time to be ready.

Every figure is that of `serve --roles accept`. System calls are counted in runs of their own,
because counting them costs time.
"""

import http.client
import json
import resource
import shutil
import statistics
import subprocess
import time

import capture_pairs
from servers import BenchFailed, Millrace, processes_by_role, loadgen, loadgen_command, wait_until
from start import pss_mib
from steady_log import STEADY

STARTS = 5
IDLE_CONNECTIONS = 10_000
# The server gives back the buffers of a connection that was quiet for 2 s.
IDLE_SECONDS = 4
COUNTED_SECONDS = 2
COMPRESSED = ("--log.compression", "lz4")


def accept_of(server):
    return processes_by_role(server.child.pid)["accept"]


def ready_ms(folder):
    """Milliseconds from executing the program to its first 200, on empty data directories."""
    found = []
    for _ in range(STARTS):
        with Millrace(folder / "millrace", roles="accept") as server:
            found.append(1000 * server.accepting_seconds)
    return found


def counted_calls(pid, seconds):
    """System calls of a process in so many seconds."""
    command = ["perf", "stat", "-x", ",", "-e", "raw_syscalls:sys_enter", "-p", str(pid), "--",
               "sleep", str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 30)
    for line in done.stderr.splitlines():
        if "raw_syscalls" in line and line.split(",")[0].isdigit():
            return int(line.split(",")[0])
    raise BenchFailed(f"perf counted no system calls: {done.stderr.strip()}")


def system_calls(server, shape):
    """System calls of one event in the closed loop."""
    batch, gzip = capture_pairs.SHAPES[shape]
    command = loadgen_command(server.url(batch), f"millrace {shape} syscalls", "--batch", batch,
                              "--gzip", gzip, "--connections", capture_pairs.CONNECTIONS,
                              "--seconds", COUNTED_SECONDS + 2, "--warmup", 0.5)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as load:
        begun = time.monotonic()
        wait_until(lambda: time.monotonic() > begun + 1.5, 3)
        calls = counted_calls(accept_of(server), COUNTED_SECONDS)
        report = json.loads(load.communicate(timeout=60)[0])
    return calls / COUNTED_SECONDS / report["events_per_second"], report


def memory_in_flight(server, seconds):
    """The most memory that the accept process held under full batches of 100 KB."""
    batch, _ = capture_pairs.SHAPES["batch"]
    command = loadgen_command(server.url(batch), "millrace batch memory", "--batch", batch,
                              "--connections", 64, "--seconds", seconds, "--warmup", 0)
    pid, most = accept_of(server), 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as load:
        while load.poll() is None:
            most = max(most, pss_mib(pid))
    return most


def memory_of_connections(server, count):
    """Memory of the accept process while so many clients that asked once are silent."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(count + 1000, hard), hard))
    clients = []
    try:
        for _ in range(count):
            client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
            clients.append(client)
            client.request("GET", "/_liveness")
            if client.getresponse().read() is None:
                raise BenchFailed("no answer")
        begun = time.monotonic()
        wait_until(lambda: time.monotonic() > begun + IDLE_SECONDS, IDLE_SECONDS + 5)
        return pss_mib(accept_of(server))
    finally:
        for client in clients:
            client.close()


def written(folder, shape, seconds, keep, settings=STEADY):
    """Kilobytes that the kernel wrote to the device for one event."""
    batch, gzip = capture_pairs.SHAPES[shape]
    with Millrace(folder / "millrace", roles="accept", settings=settings) as server:
        report = loadgen(server.url(batch), f"millrace {shape} {' '.join(settings)}",
                         "--batch", batch, "--gzip", gzip, "--seconds", seconds, "--warmup", 2,
                         watch=[("millrace", accept_of(server))])
    keep({"what": "written", "shape": shape, **report})
    return report["millrace"]["written_bytes_per_event"] / 1000


def measure(folder, seconds, keep):
    """All figures, by their names in targets.py, and some beside them."""
    figures = {}
    ready = ready_ms(folder)
    keep({"what": "ready", "milliseconds": [round(ms, 1) for ms in ready]})
    figures["start to ready, empty log"] = statistics.median(ready)
    with Millrace(folder / "millrace", roles="accept") as server:
        figures["memory of accept, idle"] = pss_mib(accept_of(server))
        figures[f"memory of accept, {IDLE_CONNECTIONS} idle connections"] = \
            memory_of_connections(server, IDLE_CONNECTIONS)
    with Millrace(folder / "millrace", roles="accept") as server:
        figures["memory of accept, 64 requests of 100 KB"] = memory_in_flight(server, seconds)
        if shutil.which("perf"):
            for name, shape in (("single", "single"), ("batched", "batch gzip")):
                figures[f"system calls of a {name} event"], report = system_calls(server, shape)
                keep({"what": "system calls", "shape": shape, **report})
        else:
            print("system calls: left out, there is no perf (Debian: linux-perf)")
    beside = {
        "batch, on new files": written(folder, "batch", seconds, keep, ()),
        "batch gzip, not compressed": written(folder, "batch gzip", seconds, keep),
    }
    figures["written for an event, batch"] = written(folder, "batch", seconds, keep)
    figures["written for an event, batch gzip"] = written(folder, "batch gzip", seconds, keep,
                                                          STEADY + COMPRESSED)
    keep({"what": "footprint", **figures, "written beside": beside})
    for name, kilobytes in beside.items():
        print(f"written for an event, {name}: {kilobytes:.2f} KB")
    return figures
