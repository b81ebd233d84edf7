"""From a client's request to the row in the warehouse: events a second of the whole path.

The load generator sends a given number of events in gzip batches as fast as they are accepted; the
time runs until the last of them is stored. CPU is that of each process over the whole time.
"""

import time

from servers import (BATCH_PATH, BenchFailed, Bystanders, cpu_seconds_by_role, loadgen,
                     wait_until)

BATCH = 100
STORED_SECONDS = 240
PAUSE = 0.05


def measure(server, events):
    """Captures, ingests and stores `events` events; yields the figures."""
    others = Bystanders(server)
    before = cpu_seconds_by_role(server.child.pid)
    rows_before = int(server.query("SELECT count() FROM events")[0][0])
    report = loadgen(f"http://127.0.0.1:{server.port}{BATCH_PATH}", "millrace whole path",
                     "--batch", BATCH, "--gzip", 6, "--warmup", 0, "--seconds", 120,
                     "--requests", events // BATCH, watch=[("millrace", server.child.pid)])
    if report["refused"] or report["broken"]:
        raise BenchFailed(f"not every request was taken: {report['statuses']}")
    accepted = int(report["events_accepted"])
    wait_until(lambda: server.lag() == 0, STORED_SECONDS, PAUSE, "every stage to have no lag")
    stored_after = time.monotonic() - report["started_monotonic"]
    others_cores = others.cores()
    cpu = {role: seconds - before.get(role, 0)
           for role, seconds in cpu_seconds_by_role(server.child.pid).items()}
    rows = int(server.query("SELECT count() FROM events")[0][0]) - rows_before
    if rows != accepted:
        raise BenchFailed(f"{accepted} events were accepted, but {rows} are stored")
    return {"what": "whole path", "shape": "whole path, batch gzip", "events": accepted,
            "capture_seconds": round(report["seconds"], 3),
            "captured_events_per_second": report["events_per_second"],
            "stored_seconds": round(stored_after, 3),
            "stored_events_per_second": round(accepted / stored_after),
            "cpu_us_per_event": {role: round(1e6 * seconds / accepted, 2)
                                 for role, seconds in sorted(cpu.items())},
            "cpu_us_per_event_total": round(1e6 * sum(cpu.values()) / accepted, 2),
            "others_cores": others_cores, "disk": server.status()["disk"], "loadgen": report}
