"""Every answered event is stored exactly once, whatever is killed meanwhile.

Two client processes send numbered events and retry as the libraries do, while a seeded schedule
kills accept, pipeline and store with SIGKILL. The clients get leave to send in portions, one for
each kill, so the load lasts as long as the schedule and requests are in flight when it strikes.
LOSS_SEED and LOSS_EVENTS change the schedule and the size.
"""

import json
import mmap
import os
import pathlib
import random
import struct
import subprocess
import sys
import time

import pytest

from loss_client import USERS_EACH_THREAD
from millrace import ROOT, is_alive, person_id_of, sql_text, wait_until

EVENTS = int(os.environ.get("LOSS_EVENTS", "50000"))
SEED = int(os.environ.get("LOSS_SEED", "1"))
CLIENTS = 2
THREADS = 4
KILLS_EACH = 22
KILLS_EACH_REQUIRED = 20
IN_FLIGHT_REQUIRED = 15
HEALTHY_SECONDS = 5.2
NAMES = ("accept", "pipeline", "store")
# Every kill and what was going on at it, a JSON object a line; kept after the test.
KILL_LOG = ROOT / "build" / "test-results" / f"loss-{SEED}.jsonl"


class Client:
    """A client process as the test sees it."""

    def __init__(self, server, unique, number, folder):
        self.shared_path = folder / f"client-{number}.shared"
        self.shared_path.write_bytes(bytes(16))
        self.memory = mmap.mmap(os.open(self.shared_path, os.O_RDONLY), 16, prot=mmap.PROT_READ)
        settings = {"port": server.port, "token": server.token, "unique": unique,
                    "client": number, "events": EVENTS // CLIENTS, "threads": THREADS,
                    "seed": SEED, "shared": str(self.shared_path),
                    "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        program = pathlib.Path(__file__).with_name("loss_client.py")
        self.process = subprocess.Popen([sys.executable, program, json.dumps(settings)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def numbers(self):
        """Requests in flight and events acknowledged, at this moment."""
        return struct.unpack("<QQ", self.memory[:])

    def allow(self, events):
        self.process.stdin.write(f"{events}\n")
        self.process.stdin.flush()

    def finish(self):
        self.process.stdin.close()
        said = self.process.stdout.read()
        assert self.process.wait(60) == 0, said
        return json.loads(said)


def schedule(chance):
    """Each process KILLS_EACH times: rounds of all three, each in a seeded order."""
    return [name for _ in range(KILLS_EACH) for name in chance.sample(NAMES, len(NAMES))]


def strike(server, clients, name, pid, target, allowed):
    """Kills a process at the first instant at which `target` events are acknowledged and a
    request is in flight, or when the portion is over; returns what was going on.

    Requests take about a millisecond, so this looks without pause; the reading is two mapped
    words a client.
    """
    deadline = time.monotonic() + 120
    while True:
        numbers = [client.numbers() for client in clients]
        in_flight = sum(pair[0] for pair in numbers)
        acknowledged = sum(pair[1] for pair in numbers)
        if acknowledged >= target and (in_flight or acknowledged >= allowed):
            break
        assert time.monotonic() < deadline, f"{acknowledged} of {target} events before {name}"
    os.kill(pid, 9)
    killed = time.monotonic()
    wait_until(lambda: not is_alive(pid), 5, f"{name} to end")
    fresh = wait_until(lambda: server.child_ids().get(name), 20, f"a new {name}")
    return {"kill": name, "pid": pid, "requests_in_flight": in_flight,
            "acknowledged": acknowledged, "new_pid": fresh,
            "seconds_until_restart": round(time.monotonic() - killed, 3)}


def run_schedule(server, clients, chance):
    """All kills, each within a portion of the events of its own."""
    log = []
    names = schedule(chance)
    started = dict.fromkeys(NAMES, time.monotonic())
    for number, name in enumerate(names):
        # One that dies young is restarted with a pause that grows; this test wants prompt ones.
        wait_until(lambda: time.monotonic() - started[name] > HEALTHY_SECONDS, 30,
                   f"{name} to have been up for {HEALTHY_SECONDS} s")
        pid = server.child_ids()[name]
        share = EVENTS // CLIENTS * (number + 1) // (len(names) + 1)
        portion = EVENTS // (len(names) + 1)
        target = share * CLIENTS - portion + int(portion * chance.uniform(0.05, 0.9))
        for client in clients:
            client.allow(share)
        log.append(strike(server, clients, name, pid, target, share * CLIENTS))
        started[name] = time.monotonic()
        print(json.dumps(log[-1]))
    return log


def check_schedule(log):
    for name in NAMES:
        kills = [entry for entry in log if entry["kill"] == name]
        busy = [entry for entry in kills if entry["requests_in_flight"] > 0]
        print(f"{name}: {len(kills)} kills, {len(busy)} of them with requests in flight, slowest "
              f"restart {max(entry['seconds_until_restart'] for entry in kills)} s")
        assert len(kills) >= KILLS_EACH_REQUIRED
        assert len(busy) >= IN_FLIGHT_REQUIRED


def check_stored(server, unique):
    where = f"startsWith(distinct_id, {sql_text(unique)})"
    numbers = server.query(
        "SELECT count() AS events, uniqExact(uuid) AS uuids, uniqExact(n) AS numbers,"
        " min(n) AS first, max(n) AS last FROM"
        f" (SELECT uuid, JSONExtractInt(properties, 'n') AS n FROM events WHERE {where})")[0]
    assert {key: int(value) for key, value in numbers.items()} == {
        "events": EVENTS, "uuids": EVENTS, "numbers": EVENTS, "first": 0, "last": EVENTS - 1}

    # One row a user: is it in order, and whose is it?
    users = server.query(
        "SELECT user, arraySort(steps) = steps AS in_order, length(steps) AS steps_seen,"
        " people, person FROM (SELECT"
        " replaceOne(distinct_id, '-anonymous', '') AS user,"
        " arrayMap(x -> x.2, arraySort(x -> x.1, groupArray((_source_offset,"
        " JSONExtractInt(properties, 'step'))))) AS steps,"
        " uniqExact(person_id) AS people, toString(any(person_id)) AS person"
        f" FROM events WHERE {where} GROUP BY user)")
    assert len(users) == CLIENTS * THREADS * USERS_EACH_THREAD
    for user in users:
        assert int(user["in_order"]) == 1, user
        assert int(user["people"]) == 1, user
        assert user["person"] == person_id_of(f"{user['user']}-anonymous"), user
    assert sum(int(user["steps_seen"]) for user in users) == EVENTS

    # The persons as they are in the end carry each user's last step.
    last = server.query(
        "SELECT toString(id) AS id, JSONExtractInt(properties, 'last_step') AS last_step"
        " FROM persons")
    by_person = {row["id"]: int(row["last_step"]) for row in last}
    for user in users:
        assert by_person[user["person"]] == int(user["steps_seen"]) - 1, user


@pytest.mark.timeout(1800)
def test_no_event_is_lost_or_doubled_by_kills(make_millrace, unique, tmp_path):
    server = make_millrace().start()
    chance = random.Random(SEED)
    clients = [Client(server, unique, number, tmp_path) for number in range(CLIENTS)]
    try:
        log = run_schedule(server, clients, chance)
        reports = [client.finish() for client in clients]
    finally:
        for client in clients:
            if client.process.poll() is None:
                client.process.kill()
                client.process.wait()
    KILL_LOG.parent.mkdir(parents=True, exist_ok=True)
    KILL_LOG.write_text("".join(json.dumps(entry) + "\n" for entry in [*log, *reports]))
    check_schedule(log)
    assert sum(report["acknowledged"] for report in reports) == EVENTS
    assert sum(report["retries"] for report in reports) > 0, "no kill was felt by a client"

    where = f"startsWith(distinct_id, {sql_text(unique)})"

    def arrived():
        return server.can_query() and int(
            server.value(f"SELECT count() AS n FROM events WHERE {where}")) >= EVENTS
    wait_until(arrived, 120, f"{EVENTS} stored events")
    server.wait_drained()
    check_stored(server, unique)
