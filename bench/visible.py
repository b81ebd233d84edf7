"""Time from sending an event to seeing it in the answer of a query.

Single events with names of their own are sent at an even pace, while a second thread asks for all
of them over and over on the control socket. An event's time runs from just before its request is
sent to the moment when the first answer that holds it has arrived, so it contains one answer of
capture and on average one and a half queries; those are reported beside it.
"""

import http.client
import json
import subprocess
import threading
import time
import uuid

from servers import (LOADGEN, SINGLE_PATH, TOKEN, BenchFailed, Bystanders, UnixConnection,
                     wait_for_moment, wait_until)

# name: probes a second, other events a second beside them
PACES = {"low": (5, 0), "moderate": (10, 500)}
ALL_SEEN_SECONDS = 30


class Poller(threading.Thread):
    """Asks for the probes without a pause and notes when each was first seen."""

    def __init__(self, server, name):
        super().__init__(daemon=True)
        self.connection = UnixConnection(server.folder / "control.sock")
        self.body = json.dumps({"format": "tsv", "sql": "SELECT toString(uuid) FROM events"
                                f" WHERE event = '{name}'"})
        self.seen = {}
        self.query_seconds = []
        self.trouble = None
        self.stopping = threading.Event()

    def run(self):
        try:
            while not self.stopping.is_set():
                begun = time.monotonic()
                self.connection.request("POST", "/api/query", self.body)
                answer = self.connection.getresponse()
                text = answer.read().decode()
                now = time.monotonic()
                if answer.status != 200:
                    raise BenchFailed(f"a query was answered with {answer.status}: {text}")
                self.query_seconds.append(now - begun)
                for found in text.split()[1:]:
                    self.seen.setdefault(found, now)
        except (BenchFailed, OSError, http.client.HTTPException) as error:
            self.trouble = error


def probe(name):
    """A small event that is one of the probes."""
    return {"api_key": TOKEN, "uuid": str(uuid.uuid4()), "event": name, "distinct_id": "prober",
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "properties": {"$lib": "bench"}}


def send_probes(server, name, rate, seconds):
    """Sends at an even pace; yields when each began and how long its answer took."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    begun, answers = {}, []
    start = time.monotonic()
    for number in range(int(rate * seconds)):
        wait_for_moment(start + number / rate)
        event = probe(name)
        body = json.dumps(event)
        sent = begun[event["uuid"]] = time.monotonic()
        connection.request("POST", SINGLE_PATH, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise BenchFailed(f"a probe was answered with {answer.status}: {text}")
        answers.append(time.monotonic() - sent)
    return begun, answers


def rank_ms(values, fraction):
    values = sorted(values)
    return round(1000 * values[min(len(values) - 1, int(fraction * len(values)))], 2)


def ranks_ms(values):
    return {"p50": rank_ms(values, 0.5), "p99": rank_ms(values, 0.99),
            "max": round(1000 * max(values), 2)}


def measure(server, pace, seconds):
    """One pace on a running server; yields its figures."""
    rate, beside = PACES[pace]
    name = f"visible_{pace}"
    load = None
    others = Bystanders(server)
    if beside:
        load = subprocess.Popen(
            [str(LOADGEN), "--url", f"http://127.0.0.1:{server.port}{SINGLE_PATH}", "--token",
             TOKEN, "--rate", str(beside), "--warmup", "0", "--seconds", str(seconds + 1),
             "--connections", "16"], stdout=subprocess.PIPE, text=True)
    poller = Poller(server, name)
    poller.start()
    try:
        begun, answers = send_probes(server, name, rate, seconds)
        wait_until(lambda: poller.trouble or begun.keys() <= poller.seen.keys(), ALL_SEEN_SECONDS,
                   what="all probes to be visible")
    finally:
        poller.stopping.set()
        poller.join(60)
        if load:
            load.communicate(timeout=60)
    if poller.trouble:
        raise poller.trouble
    times = [poller.seen[key] - sent for key, sent in begun.items()]
    return {"what": "visible", "shape": f"visible, {pace}", "probes": len(times),
            "events_per_second": rate + beside, "others_cores": others.cores(),
            "visible_ms": ranks_ms(times),
            "answer_ms": ranks_ms(answers), "query_ms": ranks_ms(poller.query_seconds)}
