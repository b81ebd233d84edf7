"""Capture servers of others, measured where this machine has them.

Each is looked for in an environment variable that names its program, and is started with what it
needs (peer_needs.py). A broker's and a database's CPU counts as the peer's own. bench/README.md
says what each answer promises.
"""

import contextlib
import json
import os
import shutil
import urllib.error
import urllib.request

from peer_needs import (DATABASE, DATABASE_USER, Broker, Documents, Postgres, Redis, no_program,
                        not_installed)
from servers import (JITSU_WIRE, POSTHOG_WIRE, READY_SECONDS, SEGMENT_WIRE, TOKEN, Server,
                     free_port, wait_until)


class Peer(Server):
    """A server with programs that it needs; they end after it, in the reverse of their order."""

    def __init__(self, folder):
        super().__init__(folder)
        self.needs = contextlib.ExitStack()
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise

    def need(self, thing):
        """Closes `thing` at the end."""
        self.needs.callback(thing.close)
        return thing

    def __exit__(self, *details):
        try:
            if self.child:
                self.end()
        finally:
            self.needs.close()
            shutil.rmtree(self.folder, ignore_errors=True)


class PostHog(Peer):
    """PostHog's capture: it answers when the broker has the events, in memory."""

    name = "posthog"
    wire = POSTHOG_WIRE

    @staticmethod
    def missing():
        """What is not here, or nothing."""
        return no_program("BENCH_POSTHOG_CAPTURE") or not_installed("redis-server", "java")

    def start(self):
        self.broker = self.need(Broker(self.folder / "kafka", [
            "events_plugin_ingestion", "events_plugin_ingestion_historical"]))
        redis = self.need(Redis())
        self.spawn([os.environ["BENCH_POSTHOG_CAPTURE"]], {
            "RUST_LOG": "error", "ADDRESS": f"127.0.0.1:{self.port}",
            "REDIS_URL": f"redis://127.0.0.1:{redis.port}/",
            "KAFKA_HOSTS": self.broker.address(), "KAFKA_COMPRESSION_CODEC": "none"})
        wait_until(lambda: self.answers("/_readiness"), READY_SECONDS, what="PostHog's capture")

    def watched(self):
        return [(self.name, self.child.pid), ("broker", self.broker.pid())]


class RudderStack(Peer):
    """RudderStack's gateway: it answers when PostgreSQL has committed the events to the disk."""

    name = "rudderstack"
    wire = SEGMENT_WIRE
    workspace = {
        "workspaceId": "bench", "enableMetrics": False, "updatedAt": "2026-01-01T00:00:00.000Z",
        "sources": [{
            "id": "source", "name": "source", "writeKey": TOKEN, "enabled": True,
            "workspaceId": "bench", "config": {}, "destinations": [],
            "sourceDefinition": {"id": "http", "name": "HTTP", "displayName": "HTTP"}}]}

    @staticmethod
    def missing():
        """What is not here, or nothing."""
        return no_program("BENCH_RUDDER_GATEWAY") or Postgres.missing()

    def start(self):
        self.database = self.need(Postgres(self.folder / "postgres"))
        plane = self.need(Documents({"/features": {"supportSourceTransformV1": True}}))
        workspace = self.folder / "workspace.json"
        workspace.write_text(json.dumps(self.workspace))
        scratch = self.folder / "scratch"
        scratch.mkdir()
        self.spawn([os.environ["BENCH_RUDDER_GATEWAY"]], {
            "APP_TYPE": "GATEWAY", "INSTANCE_ID": "1", "LOG_LEVEL": "ERROR",
            "RSERVER_GATEWAY_WEB_PORT": str(self.port), "RUDDER_TMPDIR": str(scratch),
            "JOBS_DB_HOST": "127.0.0.1", "JOBS_DB_PORT": str(self.database.port),
            "JOBS_DB_USER": DATABASE_USER, "JOBS_DB_PASSWORD": "none",
            "JOBS_DB_DB_NAME": DATABASE, "JOBS_DB_SSL_MODE": "disable",
            "RSERVER_BACKEND_CONFIG_CONFIG_FROM_FILE": "true",
            "RSERVER_BACKEND_CONFIG_CONFIG_JSONPATH": str(workspace),
            "WORKSPACE_TOKEN": "bench", "DEST_TRANSFORM_URL": plane.url(),
            # It asks nobody, tells nobody, and measures nothing beside its work.
            "CONFIG_BACKEND_URL": plane.url(), "CP_ROUTER_URL": plane.url(),
            "RSERVER_DIAGNOSTICS_ENABLE_DIAGNOSTICS": "false",
            "RSERVER_DIAGNOSTICS_ENDPOINT": plane.url(),
            "RSERVER_SOURCE_DEBUGGER_DISABLE_EVENT_UPLOADS": "true",
            "RSERVER_GATEWAY_ENABLE_SUPPRESS_USER_FEATURE": "false",
            "RSERVER_PROFILER_ENABLED": "false", "RSERVER_ENABLE_STATS": "false",
            "RSERVER_RUNTIME_STATS_ENABLED": "false"})
        wait_until(lambda: self.answers("/health"), READY_SECONDS, what="RudderStack's gateway")

    def watched(self):
        return [(self.name, self.child.pid), ("postgres", self.database.child.pid)]


class Jitsu(Peer):
    """Jitsu's ingest: it answers before the broker has the events."""

    name = "jitsu"
    wire = JITSU_WIRE
    streams = [{
        "stream": {"id": "bench", "workspaceId": "bench", "type": "stream", "name": "bench",
                   "publicKeys": [{"id": "public", "plaintext": TOKEN}],
                   "privateKeys": [{"id": "private", "plaintext": TOKEN}], "domains": []},
        "updatedAt": "2026-01-01T00:00:00Z", "backupEnabled": False, "throttle": 0,
        "destinations": [{"id": "hook", "connectionId": "hook", "destinationType": "webhook",
                          "options": {}}]}]

    @staticmethod
    def missing():
        """What is not here, or nothing."""
        return no_program("BENCH_JITSU_INGEST") or not_installed("java")

    def start(self):
        self.broker = self.need(Broker(self.folder / "kafka", ["destination-messages"]))
        plane = self.need(Documents({"/streams": self.streams, "/script": ""}))
        self.spawn([os.environ["BENCH_JITSU_INGEST"]], {
            "GIN_MODE": "release", "INGEST_INSTANCE_ID": "bench",
            "INGEST_HTTP_PORT": str(self.port), "INGEST_METRICS_PORT": str(free_port()),
            "INGEST_KAFKA_BOOTSTRAP_SERVERS": self.broker.address(),
            "INGEST_KAFKA_TOPIC_COMPRESSION": "none",
            "INGEST_REPOSITORY_URL": f"{plane.url()}/streams",
            "INGEST_REPOSITORY_REFRESH_PERIOD_SEC": "3600",
            "INGEST_SCRIPT_ORIGIN": f"{plane.url()}/script",
            "INGEST_SHUTDOWN_EXTRA_DELAY_SEC": "0"})
        wait_until(self.takes_a_batch, READY_SECONDS, what="Jitsu's ingest")

    def takes_a_batch(self):
        """Whether a batch of one is taken; not the status of an answer but its text says that."""
        if not self.answers("/health"):
            return False
        call = {"type": "track", "event": "ready", "userId": "bench", "messageId": "ready"}
        body = json.dumps({"writeKey": TOKEN, "batch": [call]}).encode()
        request = urllib.request.Request(self.url(2), body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=2) as answer:
                return json.load(answer).get("ok") is True
        except (urllib.error.URLError, OSError):
            return False

    def watched(self):
        return [(self.name, self.child.pid), ("broker", self.broker.pid())]


PEERS = [PostHog, RudderStack, Jitsu]
