"""One client process of the loss test: sends numbered events and retries until each is answered.

Arguments: one JSON object with port, token, unique, client (number), events, threads, seed and
`shared`, the path of a file of two 64-bit numbers that this process keeps up to date: requests in
flight, events acknowledged. Lines on standard input raise the number of events that may be sent
so far; the end of input means all. Exit code 0 when every event was answered with 200.

Every thread owns its users and sends one request at a time, so a user's next event leaves only
after the one before was answered, as a browser or a queue with one consumer does.
"""

import gzip
import http.client
import json
import mmap
import random
import struct
import sys
import threading
import time
import uuid

USERS_EACH_THREAD = 25
RETRY_SECONDS_MAX = 0.5
THINK_SECONDS_MAX = 0.08
DEADLINE_SECONDS = 600


class Shared:
    """The two numbers that the test reads from outside."""

    def __init__(self, path):
        file = open(path, "r+b")
        self.memory = mmap.mmap(file.fileno(), 16)
        self.lock = threading.Lock()
        self.in_flight = self.acknowledged = 0

    def change(self, in_flight, acknowledged=0):
        with self.lock:
            self.in_flight += in_flight
            self.acknowledged += acknowledged
            self.memory[:] = struct.pack("<QQ", self.in_flight, self.acknowledged)


class Budget:
    """How many events may leave; raised line by line."""

    def __init__(self):
        self.changed = threading.Condition()
        self.allowed = 0

    def raise_to(self, allowed):
        with self.changed:
            self.allowed = max(self.allowed, allowed)
            self.changed.notify_all()

    def wait_for(self, number):
        with self.changed:
            self.changed.wait_for(lambda: self.allowed > number)


def event_uuid(unique, number):
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"millrace-loss:{unique}:{number}"))


def make_event(unique, user, number, step, timestamp):
    """Step 0 of a user is anonymous, step 1 identifies it, the rest is the identified user's."""
    event = {"event": "step", "distinct_id": user, "uuid": event_uuid(unique, number),
             "timestamp": timestamp,
             "properties": {"n": number, "step": step, "$set": {"last_step": step}}}
    if step == 0:
        event["distinct_id"] = f"{user}-anonymous"
    elif step == 1:
        event["event"] = "$identify"
        event["properties"]["$anon_distinct_id"] = f"{user}-anonymous"
    return event


def send(connection, settings, batch, packed):
    body = json.dumps({"api_key": settings["token"], "batch": batch}).encode()
    headers = {"Content-Type": "application/json"}
    if packed:
        body = gzip.compress(body, 1)
        headers["Content-Encoding"] = "gzip"
    connection.request("POST", "/batch/", body, headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def deliver(settings, connection, shared, batch, packed, counts):
    """Sends one batch until it is answered with 200; returns the connection to go on with."""
    pause = 0.01
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        if connection is None:
            connection = http.client.HTTPConnection("127.0.0.1", settings["port"], timeout=15)
        shared.change(+1)
        try:
            status = send(connection, settings, batch, packed)
        except (OSError, http.client.HTTPException):
            status = 0
        shared.change(-1, len(batch) if status == 200 else 0)
        if status == 200:
            return connection
        if 400 <= status < 500 and status not in (408, 429):
            raise SystemExit(f"answered with {status}")
        counts["retries"] += 1
        connection.close()
        connection = None
        if time.monotonic() > deadline:
            raise SystemExit("a batch was refused for too long")
        time.sleep(pause)
        pause = min(RETRY_SECONDS_MAX, pause * 2)


def run_thread(settings, thread, shared, budget, counts):
    threads, total = settings["threads"], settings["events"]
    chance = random.Random(settings["seed"] * 1000 + settings["client"] * 100 + thread)
    mine = range(thread, total, threads)
    connection = None
    done = 0
    while done < len(mine):
        budget.wait_for(mine[done])
        batch = []
        for _ in range(chance.randint(1, 20)):
            if done == len(mine) or (batch and mine[done] >= budget.allowed):
                break
            user = f"{settings['unique']}-{settings['client']}-{thread}-{done % USERS_EACH_THREAD}"
            number = settings["client"] * total + mine[done]
            batch.append(make_event(settings["unique"], user, number, done // USERS_EACH_THREAD,
                                    settings["timestamp"]))
            done += 1
        # A client flushes now and then, not without pause: so a portion of the load lasts for about
        # half a second, in which inserts are under way too.
        time.sleep(chance.uniform(0, THINK_SECONDS_MAX))
        connection = deliver(settings, connection, shared, batch, chance.random() < 0.3, counts)


def main():
    settings = json.loads(sys.argv[1])
    shared, budget = Shared(settings["shared"]), Budget()
    counts = [{"retries": 0} for _ in range(settings["threads"])]
    failures = []

    def guarded(thread):
        try:
            run_thread(settings, thread, shared, budget, counts[thread])
        except BaseException as problem:
            failures.append(f"thread {thread}: {problem!r}")

    threads = [threading.Thread(target=guarded, args=(n,)) for n in range(settings["threads"])]
    for thread in threads:
        thread.start()
    for line in sys.stdin:
        budget.raise_to(int(line))
    budget.raise_to(settings["events"])
    for thread in threads:
        thread.join()
    print(json.dumps({"acknowledged": shared.acknowledged, "failures": failures,
                      "retries": sum(count["retries"] for count in counts)}))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
