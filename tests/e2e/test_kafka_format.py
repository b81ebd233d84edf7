"""Kafka's own tool reads our sealed segments: every record, every checksum, every index."""

import json
import re
import subprocess

import pytest

from millrace import ROOT, wait_until
from test_http import send

LIBS = ROOT / "build/third_party/kafka/libs"
TOOL_SECONDS = 120
BATCHES = 12
EVENTS = 200


@pytest.fixture(scope="module")
def kafka_libs():
    subprocess.run([ROOT / "tools/fetch_kafka.sh"], check=True, timeout=600)
    return LIBS


def dump(libs, *arguments):
    """What kafka.tools.DumpLogSegments prints."""
    done = subprocess.run(
        ["java", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", f"{libs}/*",
         f"-Dlog4j2.configurationFile={ROOT}/tools/kafka/log4j2.properties",
         "kafka.tools.DumpLogSegments", *map(str, arguments)],
        capture_output=True, text=True, timeout=TOOL_SECONDS, check=False)
    assert done.returncode == 0, done.stderr + done.stdout[-3000:]
    return done.stdout


def capture_events(server, first):
    """One request with EVENTS events, numbered from `first`."""
    events = [{"event": "kafka_format", "distinct_id": f"person-{number % 17}",
               "properties": {"number": number, "text": "the quick brown fox " * 20}}
              for number in range(first, first + EVENTS)]
    status, _, said = send(server, "POST", "/batch/",
                           json.dumps({"api_key": server.token, "batch": events}))
    assert status == 200, said


def batches_of(said):
    return re.findall(r"^baseOffset: (\d+) lastOffset: (\d+) count: (\d+) .*?compresscodec: (\w+)"
                      r" .*?isvalid: (\w+)", said, re.M)


@pytest.mark.parametrize("compression", ["none", "lz4"])
def test_dump_log_segments_reads_our_segments(make_millrace, kafka_libs, compression):
    server = make_millrace(options=[f"--log.compression={compression}"])
    server.start()
    for batch in range(BATCHES):
        capture_events(server, batch * EVENTS)
    server.wait_drained()
    server.stop()

    numbers, codecs = [], set()
    for topic in ("captured", "events", "persons"):
        folder = server.data / "log" / topic / "0"
        segments = sorted(folder.glob("*.log"))
        assert segments, f"{folder} has no segment"
        for segment in segments:
            said = dump(kafka_libs, "--print-data-log", "--files", segment)
            batches = batches_of(said)
            assert batches, said[:2000]
            assert all(valid == "true" for *_, valid in batches), said[:2000]
            # The batches are dense, and the tool prints each of their records.
            records = [int(text) for text in re.findall(r"^\| offset: (\d+) ", said, re.M)]
            expected = [offset for base, last, *_ in batches
                        for offset in range(int(base), int(last) + 1)]
            assert records == expected
            assert int(batches[0][0]) == int(segment.stem)
            codecs |= {codec for *_, codec, _ in batches}
            if topic == "captured":
                numbers += map(int, re.findall(r'payload: .*?"number":\s*(\d+)', said))
            index, times = segment.with_suffix(".index"), segment.with_suffix(".timeindex")
            said = dump(kafka_libs, "--index-sanity-check", "--files", f"{index},{times}")
            sane = len(re.findall(r"passed sanity check|is empty\.", said))
            assert sane == 2, said
            said = dump(kafka_libs, "--verify-index-only", "--files", f"{index},{times}")
            assert "ismatch" not in said and "not found" not in said, said
            assert "out of order" not in said.lower(), said
    assert numbers == list(range(BATCHES * EVENTS))
    assert codecs == ({"none"} if compression == "none" else {"none", "lz4"}), codecs


def archived_end(server):
    """Up to which offset the sealed segments of captured are in the archive, as retention knows."""
    partitions = json.loads(server.cli("log list", "--json").stdout)["partitions"]
    captured = next(one for one in partitions if one["topic"] == "captured")
    return next(one["next_offset"] for one in captured["consumers"] if one["name"] == "archive")


def test_dump_log_segments_reads_the_archive(make_millrace, kafka_libs, tmp_path):
    archive = tmp_path / "archive"
    server = make_millrace(options=[f"--log.archive={archive}"])
    server.start()
    for batch in range(BATCHES):
        capture_events(server, batch * EVENTS)
    server.stop()  # seals the segment
    server.start()
    wait_until(lambda: archived_end(server) == BATCHES * EVENTS, 60, "the archive to be complete")
    server.stop()

    segments = sorted((archive / "captured" / "0").glob("*.log"))
    numbers = []
    for segment in segments:
        said = dump(kafka_libs, "--print-data-log", "--files", segment)
        batches = batches_of(said)
        assert batches and all(valid == "true" for *_, valid in batches), said[:2000]
        assert {codec for *_, codec, _ in batches} == {"zstd"}
        numbers += [int(text) for text in re.findall(r'payload: .*?"number":\s*(\d+)', said)]
        source = server.data / "log" / "captured" / "0" / segment.name
        assert segment.stat().st_size * 4 < source.stat().st_size
    assert numbers == list(range(BATCHES * EVENTS))
