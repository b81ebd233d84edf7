"""Half an hour of load: nothing is lost or doubled, and memory stays flat.

First the whole path's peak is measured: how many events a second reach the store. Then three load
generators send 70 % of that in the open loop (gzip batches, plain batches, single events), while
one thread opens connections and resets them, in the middle of a request or just behind it, and the
pipeline and the store are killed by turns. At the end every event that accept counted is a row.
SOAK_SECONDS changes the length.
"""

import json
import os
import pathlib
import random
import socket
import statistics
import struct
import subprocess
import threading
import time
import urllib.request

import pytest

from millrace import ROOT, wait_until

LOADGEN = ROOT / "build/release/bench/loadgen/loadgen"
SECONDS = int(os.environ.get("SOAK_SECONDS", "1800"))
SHARE_OF_PEAK = 0.7
PEAK_BATCHES = 2000
KILL_EVERY_SECONDS = 30
SAMPLE_SECONDS = 2
DRAIN_SECONDS = 600
# Shares of the load in events: events in a request, gzip level, share.
MIX = {"gzip batches": (100, 6, 0.6), "plain batches": (100, 0, 0.3), "single": (1, 0, 0.1)}
# The hashes of a day's events are kept in memory on purpose, 20 bytes each: the default window has
# no steady state within the half hour.
DEDUP_WINDOW = "2m"
# Memory of the last quarter beside that of the second: what caches may still grow by.
GROWTH_MAX = 1.10
GROWTH_MIB_MAX = 16


def load_command(server, batch, gzip, *options):
    path = "/batch/" if batch > 1 else "/i/v0/e/"
    return [str(LOADGEN), "--url", server.url + path, "--token", server.token,
            "--batch", str(batch), "--gzip", str(gzip), "--bodies", "32", *map(str, options)]


def accepted_events(server):
    """What accept has counted since it began; it is never killed here."""
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return sum(int(float(line.rpartition(" ")[2])) for line in lines
               if line.startswith("millrace_capture_events_accepted_total{"))


def stored_rows(server):
    return server.counted("SELECT count() AS n FROM events")


def memory_mib(pid):
    """Its own share of memory (PSS); nothing when it has just ended."""
    try:
        lines = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return None
    found = [int(line.split()[1]) for line in lines if line.startswith("Pss:")]
    return found[0] / 1024 if found else None


def measure_peak(server):
    """Events a second that the whole path takes."""
    began = time.monotonic()
    done = subprocess.run(
        load_command(server, 100, 6, "--connections", 16, "--warmup", 0, "--seconds", 120,
                     "--requests", PEAK_BATCHES),
        capture_output=True, text=True, check=True, timeout=180)
    report = json.loads(done.stdout)
    assert report["statuses"] == {"200": PEAK_BATCHES}, report
    server.wait_drained(DRAIN_SECONDS)
    return 100 * PEAK_BATCHES / (time.monotonic() - began)


def start_load(server, events_a_second):
    """The mix in the open loop; the processes by their names."""
    running = {}
    for name, (batch, gzip, share) in MIX.items():
        rate = max(1, round(events_a_second * share / batch))
        running[name] = subprocess.Popen(
            load_command(server, batch, gzip, "--rate", rate, "--connections", 16, "--warmup", 0,
                         "--seconds", SECONDS, "--requests", rate * SECONDS),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return running


def report_of(name, process):
    report, trouble = process.communicate()
    assert report, f"the load generator of {name} ended with {process.returncode}: {trouble}"
    return json.loads(report)


def reset_connections(server, stop, chance, counts):
    """Requests whose connection is reset before the answer: some are whole, and then count."""
    body = json.dumps({"api_key": server.token, "event": "reset", "distinct_id": "resetter"})
    request = (f"POST /i/v0/e/ HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
               f"{body}").encode()
    while not stop.wait(chance.uniform(0, 0.1)):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            whole = chance.random() < 0.5
            connection.sendall(request if whole else request[:chance.randrange(len(request))])
            # A reset instead of a goodbye.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        counts["resets"] += 1


def kill_next(server, kills):
    name = ("pipeline", "store")[len(kills) % 2]
    pid = server.child_ids().get(name)
    if pid is None:
        return
    os.kill(pid, 9)
    wait_until(lambda: server.child_ids().get(name) not in (None, pid), 30, f"a new {name}")
    kills.append(name)


def next_sample(running):
    """Waits until memory is to be looked at again; false once the load has ended."""
    still = [process for process in running.values() if process.poll() is None]
    if not still:
        return False
    try:
        still[0].wait(SAMPLE_SECONDS)
    except subprocess.TimeoutExpired:
        pass
    return True


def watch(server, running):
    """Kills and looks at memory until the load has ended; samples by process, and the kills."""
    samples, kills = {}, []
    accept = server.child_ids()["accept"]
    next_kill = time.monotonic() + KILL_EVERY_SECONDS
    while next_sample(running):
        if time.monotonic() >= next_kill:
            kill_next(server, kills)
            next_kill += KILL_EVERY_SECONDS
        children = server.child_ids()
        assert children.get("accept") == accept, "accept was restarted"
        for name, pid in children.items():
            samples.setdefault(name, []).append(memory_mib(pid))
    return samples, kills


def assert_flat(name, samples):
    known = [mib for mib in samples if mib is not None]
    quarter = len(known) // 4
    early = statistics.median(known[quarter:2 * quarter])
    late = statistics.median(known[-quarter:])
    print(f"{name}: {early:.1f} MiB in the second quarter, {late:.1f} in the last, "
          f"{max(known):.1f} at most")
    assert late <= early * GROWTH_MAX + GROWTH_MIB_MAX, (name, early, late)


@pytest.mark.long
@pytest.mark.timeout(SECONDS + 2 * DRAIN_SECONDS)
def test_half_an_hour_of_load_loses_nothing_and_keeps_memory_flat(make_millrace):
    assert LOADGEN.exists(), "the load generator is not built: ninja -C build/release loadgen"
    server = make_millrace(options=["--log.retention", "captured=2GiB,*=2GiB",
                                    "--ingest.dedup-window", DEDUP_WINDOW]).start()
    peak = measure_peak(server)
    rate = SHARE_OF_PEAK * peak
    print(f"peak of the whole path: {peak:.0f} events/s; load: {rate:.0f}")

    running = start_load(server, rate)
    counts, stop = {"resets": 0}, threading.Event()
    resetter = threading.Thread(target=reset_connections,
                                args=(server, stop, random.Random(1), counts))
    resetter.start()
    try:
        samples, kills = watch(server, running)
    finally:
        stop.set()
        resetter.join()
        for process in running.values():
            process.kill()
    reports = {name: report_of(name, process) for name, process in running.items()}
    for name, report in reports.items():
        print(name, json.dumps(report))
        assert set(report["statuses"]) == {"200"} and report["broken"] == 0, name
    server.wait_drained(DRAIN_SECONDS)
    wait_until(lambda: stored_rows(server) >= 0, 60, "a store that answers")

    answered = PEAK_BATCHES * 100 + sum(report["events_accepted"]
                                        for report in reports.values())
    accepted, stored = accepted_events(server), stored_rows(server)
    print(f"{answered} events answered, {accepted} accepted, {stored} stored; "
          f"{counts['resets']} resets, {len(kills)} kills")
    assert stored == accepted, server.status()
    assert answered <= accepted <= answered + counts["resets"]
    assert counts["resets"] > 0 and len(kills) >= SECONDS // KILL_EVERY_SECONDS // 2
    for name, known in samples.items():
        assert_flat(name, known)
