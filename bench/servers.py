"""The servers that are measured, and how to ask and watch them.

`Millrace` is the program as it is built, on a fresh data directory; `Nginx` answers a static 200;
`Ceiling` is the yardstick of capture. All listen on loopback only and end with their `with` block.
"""

import base64
import dataclasses
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "build/release/millrace"
LOADGEN = ROOT / "build/release/bench/loadgen/loadgen"
CEILING = ROOT / "build/release/bench/ceiling/ceiling"
TOKEN = "phc_bench_token"
READY_SECONDS = 30
STOP_SECONDS = 60
# The path of single events and that of batches.
SINGLE_PATH = "/i/v0/e/"
BATCH_PATH = "/batch/"


@dataclasses.dataclass(frozen=True)
class Wire:
    """Requests of one kind: where they go, and the load generator's options that make them."""

    single: str
    batch: str
    options: tuple = ()


POSTHOG_WIRE = Wire(SINGLE_PATH, BATCH_PATH)
# The write key is the user name of basic authentication.
SEGMENT_WIRE = Wire("/v1/track", "/v1/batch", (
    "--shape", "segment", "--header",
    f"Authorization: Basic {base64.b64encode(f'{TOKEN}:'.encode()).decode()}"))
# Jitsu's path for one call answers with an error status only where servers send.
JITSU_WIRE = dataclasses.replace(SEGMENT_WIRE, single="/api/s/s2s/track")

NGINX_CONFIG = """
worker_processes {workers};
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.error.log warn;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  keepalive_requests 100000000;
  client_max_body_size 32m;
  client_body_buffer_size 512k;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location / {{ default_type application/json; return 200 '{{"status":"Ok"}}'; }}
  }}
}}
"""


class BenchFailed(Exception):
    """A measurement that could not be made; the message says why."""


def wait_until(condition, seconds, pause=0.02, what="the condition"):
    """Calls `condition` until it returns something true, which is returned."""
    deadline = time.monotonic() + seconds
    while True:
        last = condition()
        if last:
            return last
        if time.monotonic() > deadline:
            raise BenchFailed(f"after {seconds} s still waiting for {what}")
        time.sleep(pause)


def wait_for_moment(moment):
    """Returns at a time of the monotonic clock."""
    left = moment - time.monotonic()
    if left > 0:
        wait_until(lambda: time.monotonic() >= moment, left + 1, min(left, 0.005))


def free_port():
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path, timeout=60):
        super().__init__("localhost", timeout=timeout)
        self.socket_path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.socket_path))


class Server:
    """One started program; a `with` block ends it and removes its folder.

    `fresh` removes what the folder held before, `keep` leaves it behind.
    """

    # What its lines are called, and the requests that it is sent.
    name = ""
    wire = POSTHOG_WIRE

    def __init__(self, folder, fresh=True, keep=False):
        self.folder = pathlib.Path(folder).resolve()
        self.port = free_port()
        self.child = None
        self.keep = keep
        if fresh:
            shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True, exist_ok=True)

    def spawn(self, command, environment=None):
        self.log_path = self.folder.with_suffix(".log")
        with open(self.log_path, "w", encoding="utf-8") as log:
            self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                          start_new_session=True,
                                          env={**os.environ, **(environment or {})})

    def answers(self, path):
        if self.child.poll() is not None:
            raise BenchFailed(f"the server ended with {self.child.returncode}:\n{self.log_tail()}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=2) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def url(self, batch):
        """Where requests of so many events go."""
        return f"http://127.0.0.1:{self.port}{self.wire.single if batch == 1 else self.wire.batch}"

    def watched(self):
        """The processes whose CPU is its own: names and process ids."""
        return [(self.name, self.child.pid)]

    def log_tail(self, lines=30):
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])

    def __enter__(self):
        return self

    def end(self):
        """Ends the program."""
        self.child.send_signal(signal.SIGTERM)
        try:
            self.child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait()

    def __exit__(self, *_):
        self.end()
        if not self.keep:
            shutil.rmtree(self.folder, ignore_errors=True)


class Millrace(Server):
    """`millrace serve` on embedded defaults but `settings`; `roles` leaves processes out."""

    name = "millrace"

    def __init__(self, folder, roles="accept,pipeline,store", settings=(), **options):
        super().__init__(folder, **options)
        begun = time.monotonic()
        self.spawn([str(PROGRAM), "serve", "--data", str(self.folder), "--roles", roles,
                    "--listen", f"127.0.0.1:{self.port}", "--project-token", TOKEN, *settings])
        try:
            wait_until(lambda: self.answers("/_readiness"), READY_SECONDS, 0.002, "millrace")
            self.accepting_seconds = time.monotonic() - begun
            if "store" in roles.split(","):
                wait_until(lambda: self.try_query("SELECT 1"), READY_SECONDS, what="the store")
            self.queryable_seconds = time.monotonic() - begun
        except BaseException:
            self.__exit__()
            raise

    def ask(self, method, path, body=None):
        """One call of the control API: the status and the text of its answer."""
        connection = UnixConnection(self.folder / "control.sock")
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def query(self, sql):
        """The rows of a query as lists of texts."""
        status, text = self.ask("POST", "/api/query", json.dumps({"sql": sql, "format": "tsv"}))
        if status != 200:
            raise BenchFailed(f"the query {sql} was answered with {status}: {text}")
        return [line.split("\t") for line in text.splitlines()[1:]]

    def try_query(self, sql):
        try:
            return self.query(sql)
        except (BenchFailed, OSError, http.client.HTTPException):
            return None

    def status(self):
        code, text = self.ask("GET", "/api/status")
        if code != 200:
            raise BenchFailed(f"the status was answered with {code}: {text}")
        return json.loads(text)

    def lag(self):
        """Records that some stage has not passed on yet; None while that is not known."""
        lag = list(self.status()["lag"].values())
        return None if None in lag else sum(map(int, lag))


class Nginx(Server):
    """nginx, answering 200 with a fixed body to everything."""

    name = "nginx"

    def __init__(self, folder, workers=1):
        super().__init__(folder)
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        config = self.folder / "nginx.conf"
        config.write_text(NGINX_CONFIG.format(folder=self.folder, port=self.port, workers=workers))
        self.spawn([program, "-p", str(self.folder), "-e", "stderr", "-c", str(config)])
        try:
            wait_until(lambda: self.answers("/"), READY_SECONDS, what="nginx")
        except BaseException:
            self.__exit__()
            raise


class Ceiling(Server):
    """The least work that is still capture (bench/ceiling)."""

    name = "ceiling"

    def __init__(self, folder):
        super().__init__(folder)
        self.spawn([str(CEILING), "--port", str(self.port), "--file", str(self.folder / "log")])
        try:
            wait_until(lambda: self.answers("/"), READY_SECONDS, what="the ceiling")
        except BaseException:
            self.__exit__()
            raise


def family(root):
    """A process and its descendants: the role, the process id and the CPU seconds of each."""
    ticks = os.sysconf("SC_CLK_TCK")
    parents, used = {}, {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        role = words[words.index("process") + 1] if "process" in words else "supervisor"
        parents[int(entry.name)] = int(fields[1])
        used[int(entry.name)] = role, sum(map(int, fields[11:15])) / ticks
    for pid, (role, seconds) in used.items():
        ancestor = pid
        while ancestor not in (root, 0, 1):
            ancestor = parents.get(ancestor, 0)
        if ancestor == root:
            yield role, pid, seconds


def cpu_seconds_by_role(root):
    """CPU seconds so far of a process tree, by the role of each process."""
    by_role = {}
    for role, _, seconds in family(root):
        by_role[role] = by_role.get(role, 0) + seconds
    return by_role


def processes_by_role(root):
    return {role: pid for role, pid, _ in family(root)}


def machine_busy_seconds():
    """CPU seconds of everything on this machine since it started."""
    words = pathlib.Path("/proc/stat").read_text().split("\n")[0].split()
    fields = [int(word) for word in words[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


class Bystanders:
    """Cores that neither a server nor this bench (load generator included) uses meanwhile."""

    def __init__(self, server=None):
        self.server = server
        self.begun = time.monotonic()
        self.before = self.used()

    def used(self):
        own = os.times()
        ours = own.user + own.system + own.children_user + own.children_system
        if self.server:
            ours += sum(cpu_seconds_by_role(self.server.child.pid).values())
        return machine_busy_seconds() - ours

    def cores(self):
        return round((self.used() - self.before) / (time.monotonic() - self.begun), 2)


def busy_cores(seconds=1.0):
    """Cores that others on this machine use just now."""
    others = Bystanders()
    wait_for_moment(others.begun + seconds)
    return others.cores()


def loadgen_command(url, label, *options, watch=()):
    """The command line of one run of the load generator."""
    command = [str(LOADGEN), "--url", url, "--label", label, "--token", TOKEN,
               *map(str, options)]
    for name, pid in watch:
        command += ["--watch", f"{name}={pid}"]
    return command


def loadgen(url, label, *options, watch=()):
    """Runs the load generator to its end; yields its report."""
    done = subprocess.run(loadgen_command(url, label, *options, watch=watch), capture_output=True,
                          text=True, timeout=360)
    if done.returncode != 0:
        raise BenchFailed(f"loadgen for {label} ended with {done.returncode}: "
                          f"{done.stderr or done.stdout}")
    return json.loads(done.stdout)
