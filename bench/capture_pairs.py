"""Capture alone against another server: interleaved pairs of runs with the same requests.

Only the accept process runs here, so that what is compared is the answer to a client and not how
the stages behind share the cores with the load generator; the whole path is measured by
whole_path.py.
"""

import statistics

from servers import BenchFailed, Millrace, Nginx, loadgen

CONNECTIONS = 64
GZIP_LEVEL = 6
# Requests of one run at most: bounds what it writes to the disk to about 1.5 GB.
REQUESTS_MAX = {1: 400_000, 100: 15_000}

# name: events in a request, gzip level
SHAPES = {
    "single": (1, 0),
    "single gzip": (1, GZIP_LEVEL),
    "batch": (100, 0),
    "batch gzip": (100, GZIP_LEVEL),
}
# The open loop: this many single events a second, each answer timed from when it was due.
OPEN_RATE = 1500


def measure(server, shape, seconds, rate=0, requests=None):
    """One run against one server."""
    batch, gzip = SHAPES[shape]
    report = loadgen(server.url(batch), f"{server.name} {shape}",
                     "--batch", batch, "--gzip", gzip, "--connections", CONNECTIONS,
                     "--seconds", seconds, "--warmup", 0.5, "--rate", rate,
                     "--requests", REQUESTS_MAX[batch] if requests is None else requests,
                     *server.wire.options,
                     watch=server.watched())
    if report["refused"] or report["broken"]:
        raise BenchFailed(f"{server.name} did not take every request of {shape}: "
                          f"{report['statuses']}, {report['broken']} without an answer\n"
                          f"{server.log_tail()}")
    report["cpu"] = sum(report[name]["cpu_seconds_per_million_events"]
                        for name, _ in server.watched())
    return report


def pairs(folder, shape, count, seconds, keep, rate=0, other=Nginx):
    """`count` pairs of runs, whose order alternates; every report is handed to `keep`."""
    with Millrace(folder / "millrace", roles="accept") as ours, \
            other(folder / other.name) as theirs:
        return pairs_of(ours, theirs, shape, count, seconds, keep, rate)


def pairs_of(ours, theirs, shape, count, seconds, keep, rate=0):
    """The same with two servers that run already."""
    found = []
    for number in range(count):
        pair = {}
        for server in (ours, theirs) if number % 2 == 0 else (theirs, ours):
            pair[server.name] = measure(server, shape, seconds, rate)
            keep({"what": "capture", "shape": shape, "pair": number, **pair[server.name]})
        found.append(pair)
    return found


def median(found, value):
    return statistics.median(value(pair) for pair in found)


def ratio(pair, other, value):
    """A value of Millrace's run divided by that of the other's."""
    return value(pair["millrace"]) / max(value(pair[other]), 1e-9)


def summarize(shape, found):
    """The medians of all pairs as one row of results."""
    row = {"shape": shape, "pairs": len(found)}
    for name in ("millrace", "nginx"):
        row[f"{name}_events_per_second"] = median(found, lambda p: p[name]["events_per_second"])
        row[f"{name}_cpu_s_per_million"] = median(found, lambda p: p[name]["cpu"])
        for rank in ("p50", "p99", "p999"):
            latency = "answer_from_due_ms" if found[0][name]["rate"] else "answer_ms"
            row[f"{name}_{rank}_ms"] = median(found, lambda p: p[name][latency][rank])
        row[f"{name}_pss_mib"] = median(found, lambda p: p[name][name]["pss_mib"])
        row[f"{name}_rss_mib"] = median(found, lambda p: p[name][name]["rss_mib"])
        row[f"{name}_cores"] = median(found, lambda p: p[name][name]["cores"])
    row["ratio_events"] = median(
        found, lambda p: ratio(p, "nginx", lambda report: report["events_per_second"]))
    row["ratio_cpu"] = median(found, lambda p: ratio(p, "nginx", lambda report: report["cpu"]))
    row["wire_bytes_per_event"] = found[0]["millrace"]["wire_bytes_per_event"]
    row["others_cores"] = max(p[name]["others_cores"] for p in found for name in p)
    return row
