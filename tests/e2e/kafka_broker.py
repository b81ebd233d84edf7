"""A real Kafka broker, started by the project's own script, and a client to look at it."""

import json
import os
import subprocess

import confluent_kafka
import confluent_kafka.admin

from millrace import ROOT, free_port, is_free, wait_until

SCRIPT_SECONDS = 300
CONSUME_SECONDS = 30
# Without these an idempotent producer cannot begin.
WRITING = [("TOPIC", "*", "WRITE", "DENY"), ("BROKER", "kafka-cluster", "IDEMPOTENT_WRITE", "DENY")]


class Broker:
    """One broker on its own data directory and port; may be stopped and started many times."""

    def __init__(self, folder, extra=""):
        self.folder = folder
        self.port = free_pair()
        self.extra = extra

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def script(self, *words):
        env = {**os.environ, "KAFKA_DIR": str(self.folder), "KAFKA_PORT": str(self.port),
               "KAFKA_EXTRA": self.extra}
        done = subprocess.run([ROOT / "tools/kafka.sh", *words], env=env, text=True,
                              capture_output=True, timeout=SCRIPT_SECONDS)
        assert done.returncode == 0, f"kafka.sh {words}: {done.stdout}{done.stderr}"
        return done.stdout

    def start(self):
        self.script("start")
        return self

    def stop(self):
        """A controlled shutdown."""
        self.script("stop")

    def kill(self):
        """As a crash would end it."""
        self.script("kill")

    def options(self, prefix, **more):
        """Options of `serve` for this broker, with topics of a test's own."""
        return kafka_options(self.address, prefix, **more)

    def records(self, topic):
        """All records that a topic holds now: partition, offset, key, headers, value."""
        consumer = confluent_kafka.Consumer({
            "bootstrap.servers": self.address, "group.id": "looks", "enable.auto.commit": False,
            "auto.offset.reset": "earliest", "enable.partition.eof": True})
        try:
            partitions = consumer.list_topics(topic, timeout=CONSUME_SECONDS).topics[topic]
            assert partitions.error is None, partitions.error
            consumer.assign([confluent_kafka.TopicPartition(topic, number, 0)
                             for number in partitions.partitions])
            found, ended = [], set()
            while len(ended) < len(partitions.partitions):
                message = consumer.poll(CONSUME_SECONDS)
                assert message is not None, f"{topic} does not end"
                if message.error() is None:
                    found.append(Record(message))
                else:
                    code = message.error().code()
                    assert code == confluent_kafka.KafkaError._PARTITION_EOF, message.error()
                    ended.add(message.partition())
            return sorted(found, key=lambda record: (record.partition, record.offset))
        finally:
            consumer.close()

    def deny(self, topic):
        """Forbids everything with a topic to whoever does not say who they are."""
        self.change_rules([("TOPIC", topic, "ALL", "DENY")])

    def forbid_writing(self):
        """To whoever does not say who they are; everything else stays allowed."""
        # Where there is any rule, what none allows is forbidden.
        self.change_rules([("TOPIC", "*", "ALL", "ALLOW"),
                           ("BROKER", "kafka-cluster", "ALL", "ALLOW"), *WRITING])

    def allow_writing(self):
        self.change_rules(WRITING, remove=True)

    def change_rules(self, rules, remove=False):
        admin = confluent_kafka.admin
        client = admin.AdminClient({"bootstrap.servers": self.address})
        make = admin.AclBindingFilter if remove else admin.AclBinding
        rules = [make(admin.ResourceType[kind], name, admin.ResourcePatternType.LITERAL,
                      "User:ANONYMOUS", "*", admin.AclOperation[what],
                      admin.AclPermissionType[way]) for kind, name, what, way in rules]
        change = client.delete_acls if remove else client.create_acls
        for done in change(rules).values():
            done.result(CONSUME_SECONDS)

    def make_topic(self, topic, first_offset):
        """A topic whose first records have been removed already, as retention does."""
        client = confluent_kafka.admin.AdminClient({"bootstrap.servers": self.address})
        for done in client.create_topics([confluent_kafka.admin.NewTopic(topic, 1, 1)]).values():
            done.result(CONSUME_SECONDS)
        self.produce(topic, [("old", "old", [])] * first_offset)
        self.remove_before(topic, first_offset)

    def remake_topic(self, topic, partitions):
        """Removes a topic and makes it again, empty."""
        admin = confluent_kafka.admin
        client = admin.AdminClient({"bootstrap.servers": self.address})
        for done in client.delete_topics([topic]).values():
            done.result(CONSUME_SECONDS)

        def made():
            try:
                for done in client.create_topics([admin.NewTopic(topic, partitions, 1)]).values():
                    done.result(CONSUME_SECONDS)
            except confluent_kafka.KafkaException as error:
                assert error.args[0].code() == confluent_kafka.KafkaError.TOPIC_ALREADY_EXISTS
                return False
            return True
        wait_until(made, CONSUME_SECONDS, f"the new topic {topic}")

        # For a moment the broker goes on answering for the old one.
        consumer = confluent_kafka.Consumer({"bootstrap.servers": self.address,
                                             "group.id": "looks"})

        def settled():
            found = consumer.list_topics(topic, timeout=CONSUME_SECONDS).topics[topic]
            if found.error is not None or len(found.partitions) != partitions:
                return False
            try:
                return all(consumer.get_watermark_offsets(
                    confluent_kafka.TopicPartition(topic, number), CONSUME_SECONDS) == (0, 0)
                    for number in found.partitions)
            except confluent_kafka.KafkaException:
                return False
        try:
            wait_until(settled, CONSUME_SECONDS, f"the new topic {topic} to be led")
        finally:
            consumer.close()

    def add_partitions(self, topic, total):
        client = confluent_kafka.admin.AdminClient({"bootstrap.servers": self.address})
        wanted = confluent_kafka.admin.NewPartitions(topic, total)
        for done in client.create_partitions([wanted]).values():
            done.result(CONSUME_SECONDS)

    def remove_before(self, topic, offset):
        """Removes the first records of a topic's first partition, as retention does."""
        client = confluent_kafka.admin.AdminClient({"bootstrap.servers": self.address})
        begin = confluent_kafka.TopicPartition(topic, 0, offset)
        for done in client.delete_records([begin]).values():
            done.result(CONSUME_SECONDS)

    def damage(self, topic, text):
        """Changes bytes of a first segment where `text` is; only while the broker is stopped."""
        segment = self.folder / "data" / f"{topic}-0" / f"{0:020}.log"
        content = segment.read_bytes()
        assert text in content
        segment.write_bytes(content.replace(text, bytes(byte ^ 1 for byte in text)))

    def set_topic(self, topic, name, value):
        """Changes one setting of a topic."""
        admin = confluent_kafka.admin
        entry = admin.ConfigEntry(name, str(value),
                                  incremental_operation=admin.AlterConfigOpType.SET)
        resource = admin.ConfigResource(admin.ConfigResource.Type.TOPIC, topic,
                                        incremental_configs=[entry])
        client = admin.AdminClient({"bootstrap.servers": self.address})
        for done in client.incremental_alter_configs([resource]).values():
            done.result(CONSUME_SECONDS)

    def produce(self, topic, records):
        """Writes (key, value, headers) as any other program would."""
        producer = confluent_kafka.Producer({"bootstrap.servers": self.address, "acks": "all"})
        for key, value, headers in records:
            producer.produce(topic, value, key, headers=headers)
        assert producer.flush(CONSUME_SECONDS) == 0


class Record:
    def __init__(self, message):
        self.partition = message.partition()
        self.offset = message.offset()
        self.key = (message.key() or b"").decode()
        self.headers = [(name, value.decode()) for name, value in message.headers() or []]
        self.text = message.value().decode()

    @property
    def value(self):
        return json.loads(self.text)


def kafka_options(address, prefix, **more):
    """Options of `serve`: kafka.NAME=VALUE for each of `more`."""
    settings = {"log.engine": "kafka", "kafka.brokers": address, "kafka.topic_prefix": prefix}
    settings.update({f"kafka.{name}": value for name, value in more.items()})
    return [word for name, value in settings.items() for word in (f"--{name}", str(value))]


def free_pair():
    """A port that is free, with a free one after it for the controller."""
    while True:
        port = free_port()
        if is_free(port + 1):
            return port
