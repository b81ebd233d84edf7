"""Drives the real program: starts `millrace serve` and asks its command line.

One `Millrace` is one server on its own data directory and its own loopback port. Nothing here
sleeps for a guessed time: whatever takes time is waited for with a condition and a deadline.
"""

import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
import uuid

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = pathlib.Path(os.environ.get("E2E_PROGRAM", ROOT / "build/release/millrace"))
TOKEN = "phc_end_to_end_test_token"
READY_SECONDS = 30
STOP_SECONDS = 30
ANSWER_SECONDS = 60
POLL_SECONDS = 0.05
PORTS = (12_000, 32_000)

# The namespace of person ids: UUIDv5 over "<project>:<distinct id>".
PERSON_NAMESPACE = uuid.UUID("932979b4-65c3-4424-8467-0b66ec27bc22")


def person_id_of(distinct_id, project=1):
    """The person id that a distinct id gets when nobody else claims it first."""
    return str(uuid.uuid5(PERSON_NAMESPACE, f"{project}:{distinct_id}"))


def free_port():
    """A loopback port that was free a moment ago.

    From below the range that outgoing connections take theirs from, so that it is still free when
    a server comes back to it.
    """
    while True:
        port = random.randrange(*PORTS)
        if is_free(port):
            return port


def is_free(port):
    """Whether a server could listen on a loopback port now."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def wait_until(condition, seconds, what="the condition"):
    """Calls `condition` until it returns something true, which is returned."""
    deadline = time.monotonic() + seconds
    while True:
        last = condition()
        if last:
            return last
        if time.monotonic() > deadline:
            raise AssertionError(f"after {seconds} s still waiting for {what}; last: {last!r}")
        time.sleep(POLL_SECONDS)


class CommandFailed(Exception):
    """A millrace command ended with another code than 0."""

    def __init__(self, command, code, output, errors):
        super().__init__(f"{' '.join(command)} ended with {code}: {errors or output}")
        self.code = code
        self.output = output
        self.errors = errors


def run_cli(*arguments, timeout=60, check=True, env=None):
    """Runs `millrace ARGUMENTS` to its end and returns the finished process."""
    command = [str(PROGRAM), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout,
                          stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})})
    if check and done.returncode != 0:
        raise CommandFailed(command, done.returncode, done.stdout, done.stderr)
    return done


def parse_rows(text):
    """Rows of a JSON answer: an object with `data`, an array, or one object a line."""
    text = text.strip()
    if not text:
        return []
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    if isinstance(value, dict) and "data" in value:
        return value["data"]
    return value if isinstance(value, list) else [value]


class Millrace:
    """One server. `start` and `stop` may follow one another many times on the same data."""

    def __init__(self, data, token=TOKEN, port=None, options=(), env=None, wrapper=()):
        self.data = pathlib.Path(data)
        self.token = token
        self.port = port or free_port()
        self.options = list(options)
        self.env = env or {}
        self.wrapper = list(wrapper)
        self.child = None
        self.log_path = self.data.parent / f"{self.data.name}.log"

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    # Running

    def command(self):
        return [*self.wrapper, str(PROGRAM), "serve", "--data", str(self.data),
                "--listen", f"127.0.0.1:{self.port}", "--project-token", self.token,
                *self.options]

    def spawn(self):
        """Starts the program without waiting for it to be ready."""
        assert self.child is None, "this server runs already"
        self.data.parent.mkdir(parents=True, exist_ok=True)
        self.log = open(self.log_path, "a", encoding="utf-8")
        self.child = subprocess.Popen(
            self.command(), stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            cwd=ROOT, env={**os.environ, **self.env}, start_new_session=True)

    def start(self, seconds=READY_SECONDS):
        """Starts the program and waits until it accepts events and answers queries."""
        self.spawn()
        self.wait_ready(seconds)
        return self

    def wait_ready(self, seconds=READY_SECONDS):
        def ready():
            if self.child.poll() is not None:
                raise AssertionError(
                    f"serve ended with {self.child.returncode}\n{self.log_tail()}")
            return self.is_accepting() and self.can_query()
        wait_until(ready, seconds, f"readiness of {self.url}\n{self.log_tail()}")

    def is_accepting(self):
        try:
            with urllib.request.urlopen(f"{self.url}/_readiness", timeout=2) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def can_query(self):
        try:
            return self.query("SELECT 1 AS one", timeout=10) != []
        except (CommandFailed, subprocess.TimeoutExpired):
            return False

    def stop(self, seconds=STOP_SECONDS):
        """SIGTERM; asserts that the whole family ends cleanly in time."""
        if self.child is None:
            return
        child, self.child = self.child, None
        family = descendants(child.pid)
        child.send_signal(signal.SIGTERM)
        try:
            code = child.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            raise AssertionError(f"serve still ran {seconds} s after SIGTERM\n{self.log_tail()}")
        finally:
            self.log.close()
        assert code == 0, f"serve ended with {code} after SIGTERM\n{self.log_tail()}"
        left = [pid for pid in family if is_alive(pid)]
        assert not left, f"processes {left} outlived serve\n{self.log_tail()}"

    def kill_all(self):
        """SIGKILL to the supervisor; its children must follow by themselves."""
        child, self.child = self.child, None
        family = descendants(child.pid)
        child.kill()
        child.wait()
        self.log.close()
        wait_until(lambda: not any(is_alive(pid) for pid in family), 10,
                   "the children of a killed serve to end")

    def log_tail(self, lines=60):
        if not self.log_path.exists():
            return "(no log)"
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])

    # Asking

    def cli(self, command, *arguments, **options):
        """`millrace COMMAND --data DIR ARGUMENTS`; the command may be of several words."""
        return run_cli(*command.split(), "--data", self.data, *arguments, **options)

    def query(self, sql, timeout=60):
        """The rows of a SQL answer, as dictionaries."""
        return parse_rows(self.cli("query", "--format", "json", sql, timeout=timeout).stdout)

    def value(self, sql):
        """The one value of a one-row, one-column answer."""
        rows = self.query(sql)
        assert len(rows) == 1 and len(rows[0]) == 1, rows
        return next(iter(rows[0].values()))

    def status(self):
        return json.loads(self.cli("status", "--json").stdout)

    def projects(self):
        """The projects as `project list` tells them: id, name, token."""
        return json.loads(self.cli("project list", "--json").stdout)["projects"]

    def child_ids(self):
        """Process id of each child by its name, read from the system: works while any is down."""
        found = {}
        for pid in descendants(self.child.pid):
            try:
                words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
            except OSError:
                continue
            if "process" in words and is_alive(pid):
                found[words[words.index("process") + 1]] = pid
        return found

    def process_ids(self):
        """Process id of each running child by its name, as `status` tells it."""
        return {p["name"]: p["pid"] for p in self.status()["processes"] if p.get("pid")}

    # Events

    def events(self, where):
        """Event rows that match a condition, properties parsed, in order of capture."""
        rows = self.query(
            "SELECT toString(uuid) AS uuid, event, distinct_id, toString(person_id) AS person_id,"
            " toString(timestamp) AS timestamp, team_id, properties, person_properties,"
            " toString(person_mode) AS person_mode, group0_properties, group1_properties,"
            " group2_properties, group3_properties, group4_properties,"
            " _source_partition, _source_offset"
            f" FROM events WHERE {where} ORDER BY _source_partition, _source_offset")
        for row in rows:
            row["properties"] = json.loads(row["properties"] or "{}")
            row["person_properties"] = json.loads(row["person_properties"] or "{}")
        return rows

    def counted(self, sql):
        """The number that a query yields; -1 while a process that it needs is being started."""
        try:
            return int(self.value(sql)) if self.can_query() else -1
        except CommandFailed as refused:
            if "try again" in str(refused):
                return -1
            raise

    def wait_events(self, where, count, seconds=ANSWER_SECONDS):
        """Waits until `count` events match, then returns them; more than that is an error."""
        sql = f"SELECT count() AS n FROM events WHERE {where}"
        wait_until(lambda: self.counted(sql) >= count, seconds, f"{count} events where {where}")
        self.wait_drained()
        rows = self.events(where)
        assert len(rows) == count, f"{len(rows)} events instead of {count} where {where}: " + \
            json.dumps([[r["event"], r["distinct_id"], r["uuid"]] for r in rows][:50])
        return rows

    def wait_drained(self, seconds=ANSWER_SECONDS):
        """Waits until everything accepted so far has reached the store."""
        def drained():
            lag = self.status().get("lag") or {}
            return lag and not any(value is None or int(value) for value in lag.values())
        wait_until(drained, seconds, "every stage to have no lag")

    def person_of(self, distinct_id):
        """Person id that a distinct id belongs to now."""
        rows = self.query("SELECT toString(person_id) AS person_id FROM person_distinct_ids"
                          f" WHERE distinct_id = {sql_text(distinct_id)}")
        assert len(rows) == 1, f"{distinct_id} has {len(rows)} rows in person_distinct_ids"
        return rows[0]["person_id"]

    def person(self, person_id):
        """Properties of a person as they are now, and whether it is identified."""
        rows = self.query("SELECT properties, is_identified FROM persons"
                          f" WHERE id = {sql_text(person_id)}")
        assert len(rows) == 1, f"person {person_id} has {len(rows)} rows in persons"
        return {"properties": json.loads(rows[0]["properties"]),
                "is_identified": int(rows[0]["is_identified"])}


def sql_text(text):
    """A SQL text literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def descendants(pid):
    """Process ids of all children and grandchildren."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            parent = parent_of(entry.name)
            if parent is not None:
                found.append((int(entry.name), parent))
    family, grew = {pid}, True
    while grew:
        more = {child for child, parent in found if parent in family} - family
        grew = bool(more)
        family |= more
    return sorted(family - {pid})


def parent_of(pid):
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return int(stat.rpartition(")")[2].split()[1])


def is_alive(pid):
    """Whether a process runs (a zombie does not)."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in ("Z", "X")
