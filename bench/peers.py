"""Capture servers of others, measured where this machine has them.

PostHog's capture is looked for in BENCH_POSTHOG_CAPTURE, the path of its program; it stands before
a broker of its own (tools/kafka.sh), whose CPU counts as its own, and Redis.
"""

import os
import shutil
import subprocess

from servers import READY_SECONDS, ROOT, BenchFailed, Server, free_port, wait_until

TOPICS = ("events_plugin_ingestion", "events_plugin_ingestion_historical")
KAFKA_JVM = "-Xms512m -Xmx512m -XX:+UseG1GC -XX:MaxGCPauseMillis=20"


class PostHog(Server):
    """PostHog's capture: it answers when the broker has the events, in memory."""

    name = "posthog"

    @staticmethod
    def missing():
        """What is not here, or nothing."""
        if not os.access(os.environ.get("BENCH_POSTHOG_CAPTURE", ""), os.X_OK):
            return "BENCH_POSTHOG_CAPTURE names no program"
        for program in ("redis-server", "java"):
            if not shutil.which(program):
                return f"{program} is not installed"
        return None

    def __init__(self, folder):
        super().__init__(folder)
        self.redis = None
        self.broker_port = free_port()
        redis_port = free_port()
        try:
            self.kafka("start")
            for topic in TOPICS:
                self.kafka("tool", "org.apache.kafka.tools.TopicCommand", "--bootstrap-server",
                           f"127.0.0.1:{self.broker_port}", "--create", "--topic", topic,
                           "--partitions", "4")
            self.redis = subprocess.Popen(
                ["redis-server", "--port", str(redis_port), "--bind", "127.0.0.1", "--save", "",
                 "--appendonly", "no"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            self.spawn([os.environ["BENCH_POSTHOG_CAPTURE"]], {
                "RUST_LOG": "error", "ADDRESS": f"127.0.0.1:{self.port}",
                "REDIS_URL": f"redis://127.0.0.1:{redis_port}/",
                "KAFKA_HOSTS": f"127.0.0.1:{self.broker_port}",
                "KAFKA_COMPRESSION_CODEC": "none"})
            wait_until(lambda: self.answers("/_readiness"), READY_SECONDS, what="PostHog's capture")
        except BaseException:
            self.__exit__()
            raise

    def kafka(self, *words):
        done = subprocess.run(
            [ROOT / "tools/kafka.sh", *words], capture_output=True, text=True, timeout=120,
            env={**os.environ, "KAFKA_DIR": str(self.folder / "kafka"),
                 "KAFKA_PORT": str(self.broker_port), "KAFKA_JVM": KAFKA_JVM})
        if done.returncode != 0:
            raise BenchFailed(f"tools/kafka.sh {words[0]}: {done.stderr or done.stdout}")

    def watched(self):
        broker = int((self.folder / "kafka/pid").read_text())
        return [(self.name, self.child.pid), ("broker", broker)]

    def __exit__(self, *details):
        if self.redis:
            self.redis.terminate()
            self.redis.wait()
        try:
            self.kafka("wipe")
        finally:
            if self.child:
                super().__exit__(*details)


PEERS = [PostHog]
