"""What the capture servers of others need: a broker, a database, a control plane.

All run on loopback, keep their data in the peer's folder and end with `close`.
"""

import http.server
import json
import os
import pathlib
import pwd
import random
import shutil
import signal
import socket
import subprocess
import threading

from servers import READY_SECONDS, ROOT, STOP_SECONDS, BenchFailed, free_port, wait_until

KAFKA_JVM = "-Xms512m -Xmx512m -XX:+UseG1GC -XX:MaxGCPauseMillis=20"
BROKER_PORTS = range(20_000, 30_000, 2)
TOOL_SECONDS = 120
DATABASE = "gateway"
DATABASE_USER = "bench"
# The database refuses to run as root; then it runs as the user of Debian's package.
DATABASE_ACCOUNT = "postgres"


def no_program(variable):
    """What is missing where a variable names no program, or nothing."""
    if not os.access(os.environ.get(variable, ""), os.X_OK):
        return f"{variable} names no program"
    return None


def not_installed(*programs):
    """The first of some programs that is missing, or nothing."""
    return next((f"{name} is not installed" for name in programs if not shutil.which(name)), None)


def run(command, **options):
    """Runs a tool to its end."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=TOOL_SECONDS, **options)
    if done.returncode != 0:
        raise BenchFailed(f"{command[0]} ended with {done.returncode}: "
                          f"{done.stderr or done.stdout}")


def broker_port():
    """A free port with a free one behind it, where the controller listens.

    Both are below those that the kernel gives to clients: a connection of the broker itself could
    take one of these before the broker listens there.
    """
    for port in random.sample(BROKER_PORTS, len(BROKER_PORTS)):
        with socket.socket() as first, socket.socket() as second:
            try:
                first.bind(("127.0.0.1", port))
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
    raise BenchFailed("no port is free for a broker")


class Broker:
    """A Kafka broker of one node, with topics of four partitions."""

    def __init__(self, folder, topics):
        self.folder = folder
        self.port = broker_port()
        try:
            self.tool("start")
            for topic in topics:
                self.tool("tool", "org.apache.kafka.tools.TopicCommand", "--bootstrap-server",
                          self.address(), "--create", "--topic", topic, "--partitions", "4")
        except BaseException:
            self.close()
            raise

    def address(self):
        return f"127.0.0.1:{self.port}"

    def pid(self):
        return int((self.folder / "pid").read_text())

    def tool(self, *words):
        run([str(ROOT / "tools/kafka.sh"), *words],
            env={**os.environ, "KAFKA_DIR": str(self.folder), "KAFKA_PORT": str(self.port),
                 "KAFKA_JVM": KAFKA_JVM})

    def close(self):
        self.tool("wipe")


class Postgres:
    """A PostgreSQL server with an empty database; a commit waits for the disk."""

    def __init__(self, folder):
        self.port = free_port()
        self.account = {}
        folder.mkdir()
        if os.geteuid() == 0:
            entry = pwd.getpwnam(DATABASE_ACCOUNT)
            self.account = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
            os.chown(folder, entry.pw_uid, entry.pw_gid)
        self.tool("initdb", "--no-locale", "-E", "UTF8", "-A", "trust", "-U", DATABASE_USER,
                  "-D", str(folder))
        with open(folder.parent / "postgres.log", "w", encoding="utf-8") as log:
            self.child = subprocess.Popen(
                [self.program("postgres"), "-D", str(folder), "-p", str(self.port),
                 "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
                 "-c", "shared_buffers=1GB", "-c", "max_wal_size=4GB", "-c", "max_connections=200"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True,
                **self.account)
        try:
            wait_until(self.is_ready, READY_SECONDS, what="PostgreSQL")
            self.tool("createdb", *self.where(), DATABASE)
        except BaseException:
            self.close()
            raise

    @staticmethod
    def folder_of_programs():
        """The folder that BENCH_POSTGRES_BIN names, else that of the newest Debian package."""
        if named := os.environ.get("BENCH_POSTGRES_BIN"):
            return pathlib.Path(named)
        found = pathlib.Path("/usr/lib/postgresql").glob("*/bin")
        return max(found, key=lambda path: float(path.parent.name), default=None)

    @classmethod
    def missing(cls):
        folder = cls.folder_of_programs()
        if folder is None or not os.access(folder / "postgres", os.X_OK):
            return f"PostgreSQL is not in {folder or '/usr/lib/postgresql'} (BENCH_POSTGRES_BIN)"
        if os.geteuid() == 0 and DATABASE_ACCOUNT not in (user.pw_name for user in pwd.getpwall()):
            return f"PostgreSQL does not run as root, and there is no user {DATABASE_ACCOUNT}"
        return None

    def program(self, name):
        return str(self.folder_of_programs() / name)

    def where(self):
        return "-h", "127.0.0.1", "-p", str(self.port), "-U", DATABASE_USER

    def tool(self, name, *words):
        run([self.program(name), *words], cwd="/", **self.account)

    def is_ready(self):
        if self.child.poll() is not None:
            raise BenchFailed(f"PostgreSQL ended with {self.child.returncode}")
        return subprocess.run([self.program("pg_isready"), *self.where(), "-d", "postgres"],
                              capture_output=True, check=False).returncode == 0

    def close(self):
        # Its fast shutdown; the data is of no use to anyone.
        self.child.send_signal(signal.SIGINT)
        try:
            self.child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.child.send_signal(signal.SIGQUIT)
            self.child.wait()


class Documents:
    """Fixed answers to GET on loopback: what a peer asks its control plane for as it starts."""

    def __init__(self, by_path):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                found = by_path.get(self.path)
                body = json.dumps(found).encode()
                self.send_response(404 if found is None else 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class Redis:
    """A Redis server that keeps nothing."""

    def __init__(self):
        self.port = free_port()
        self.child = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
             "--appendonly", "no"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def close(self):
        self.child.terminate()
        self.child.wait()
