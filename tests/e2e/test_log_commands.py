"""`millrace log …` beside a running server, and on damaged files."""

import json
import pathlib

import pytest

from millrace import CommandFailed, wait_until
from test_http import event, send


@pytest.fixture
def server(make_millrace):
    server = make_millrace().start()
    for number in range(20):
        assert send(server, "POST", "/i/v0/e/", event(server, f"user {number % 3}"),
                    {"content-type": "application/json"})[0] == 200
    server.wait_drained()
    yield server
    server.stop()


def log(server, *arguments):
    return json.loads(server.cli("log " + arguments[0], *arguments[1:], "--json").stdout)


def captured(server):
    return next(p for p in log(server, "list")["partitions"] if p["topic"] == "captured")


def test_list_and_describe_tell_offsets_times_and_consumers(server):
    partition = captured(server)
    assert (partition["first_offset"], partition["last_offset"]) == (0, 19)
    assert (partition["next_offset"], partition["records"]) == (20, 20)
    dead = next(p for p in log(server, "list")["partitions"] if p["topic"] == "dead_letters")
    assert (dead["first_offset"], dead["last_offset"], dead["next_offset"]) == (0, None, 0)
    assert partition["writer_runs"] and partition["oldest"] <= partition["newest"]
    assert [one["name"] for one in partition["consumers"]] == ["ingest"]
    described = log(server, "describe", "captured")["partitions"][0]
    assert described["segment_list"][0]["first_offset"] == 0
    table = server.cli("log list").stdout
    assert "captured/0" in table and "ingest" in table


def test_dump_begins_at_an_offset_or_a_time_and_reads_a_lone_file(server):
    lines = [json.loads(line) for line in
             server.cli("log dump", "captured", "--from", 15, "--json").stdout.splitlines()]
    assert [line["offset"] for line in lines] == [15, 16, 17, 18, 19]
    later = server.cli("log dump", "captured", "--from-time", lines[2]["timestamp"],
                       "--limit", 1, "--json").stdout
    assert 15 <= json.loads(later)["offset"] <= 17
    assert not server.cli("log dump", "captured", "--from-time", "2099-01-01T00:00:00Z").stdout
    segment = next(pathlib.Path(server.data).glob("log/captured/0/*.log"))
    assert len(server.cli("log dump", segment).stdout.splitlines()) == 20


def test_verify_finds_a_flipped_byte_and_says_where(server):
    assert all(not part["findings"] for part in log(server, "verify")["partitions"])
    server.stop()
    segment = next(pathlib.Path(server.data).glob("log/captured/0/*.log"))
    with segment.open("r+b") as file:
        file.seek(4096 * 3 + 200)
        byte = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([byte[0] ^ 4]))
    with pytest.raises(CommandFailed) as failure:
        server.cli("log verify", "captured")
    assert failure.value.code == 1
    assert str(segment) in failure.value.output and "12288" in failure.value.output


def test_a_partition_that_cannot_be_read_is_told_and_does_not_hide_the_others(server, tmp_path):
    server.stop()
    log_folder = pathlib.Path(server.data) / "log"
    (log_folder / "captured/0/manifest").unlink()
    (log_folder / "persons/0/manifest").write_bytes(b"no manifest")
    (log_folder / "events/0/consumers/load.checkpoint").write_bytes(b"no note")
    for command in ("log list", "log verify"):
        with pytest.raises(CommandFailed) as failure:
            server.cli(command, "--json")
        assert failure.value.code == 1
        parts = {f"{one['topic']}/{one['partition']}": one
                 for one in json.loads(failure.value.output)["partitions"]}
        assert "manifest is missing" in parts["captured/0"]["error"]
        assert "manifest is damaged" in parts["persons/0"]["error"]
        assert "error" not in parts["groups/0"]
        assert "load.checkpoint" in json.dumps(parts["events/0"])
        with pytest.raises(CommandFailed) as failure:
            server.cli(command)
        for word in ("captured/0", "persons/0", "groups/0", "load.checkpoint", "backup"):
            assert word in failure.value.output
    for command in ("log describe", "log dump"):
        with pytest.raises(CommandFailed) as failure:
            server.cli(command, "captured")
        assert "manifest is missing" in failure.value.output + failure.value.errors
    with pytest.raises(CommandFailed) as failure:
        server.cli("backup", tmp_path / "backup")
    assert "captured/0" in failure.value.errors and not list((tmp_path / "backup").iterdir())


def test_a_segment_that_is_gone_is_told(server):
    server.stop()
    next(pathlib.Path(server.data).glob("log/captured/0/*.log")).unlink()
    for words in (["log list"], ["log describe", "captured"]):
        with pytest.raises(CommandFailed) as failure:
            server.cli(*words)
        assert failure.value.code == 1
        assert "offsets 0 to 19 is missing" in failure.value.output
    with pytest.raises(CommandFailed) as failure:
        server.cli("log describe", "captured", "--json")
    described, = json.loads(failure.value.output)["partitions"]
    assert described["segment_list"][0]["missing"]


def test_damage_has_a_fate_and_the_rest_is_ingested(make_millrace):
    """Events that the disk lost before ingest saw them are counted and named, not waited for."""
    server = make_millrace(options=["--roles", "accept"])
    server.spawn()
    wait_until(server.is_accepting, 30, "accept")
    for number in range(10):
        assert send(server, "POST", "/i/v0/e/", event(server, f"user {number}"),
                    {"content-type": "application/json"})[0] == 200
    server.stop()
    segment = next(pathlib.Path(server.data).glob("log/captured/0/*.log"))
    with segment.open("r+b") as file:
        file.seek(4096 * 4 + 300)
        file.write(b"\xff\x00\xff\x00")
    server.options = ()
    server.start()
    server.wait_drained()
    assert int(server.value("SELECT count() FROM events")) == 9
    assert server.status()["fates"]["dropped:damaged_in_log"] == 1
    letters = server.cli("log dump", "dead_letters", "--json").stdout
    assert json.loads(letters.splitlines()[0])["headers"]["dlq_offset"] == "4"
    assert list(pathlib.Path(server.data).glob("log/captured/0/quarantine/*"))
    server.stop()


def test_a_partition_is_named_as_it_is_printed(server):
    for command in ("describe", "verify"):
        assert [one["partition"] for one in log(server, command, "captured/0")["partitions"]] == [0]
    assert len(server.cli("log dump", "captured/0", "--limit", 3).stdout.splitlines()) == 3
    assert len(log(server, "verify", "dead_letters")["partitions"]) == 2
    for wrong in (["captured/1"], ["captured/zero"], ["captured/0", "--partition", 1]):
        with pytest.raises(CommandFailed):
            server.cli("log dump", *wrong)


def test_truncate_before_asks_the_running_server_and_keeps_the_rest(server):
    assert log(server, "truncate-before", "captured/0", 12, "--force")["first_offset"] == 12
    assert (captured(server)["first_offset"], captured(server)["records"]) == (12, 8)
    for wrong in (["captured", 1000], ["nothing", 1]):
        with pytest.raises(CommandFailed):
            server.cli("log truncate-before", *wrong)


def test_truncate_before_spares_what_nobody_has_asked_for_yet(make_millrace):
    """Only accept runs: ingest will come, and must find what was accepted."""
    server = make_millrace(options=["--roles", "accept"])
    server.spawn()
    wait_until(server.is_accepting, 30, "accept")
    for number in range(5):
        assert send(server, "POST", "/i/v0/e/", event(server, f"user {number}"),
                    {"content-type": "application/json"})[0] == 200
    with pytest.raises(CommandFailed) as failure:
        server.cli("log truncate-before", "captured", 3)
    assert "ingest" in failure.value.errors and "--force" in failure.value.errors
    assert captured(server)["records"] == 5
    assert log(server, "truncate-before", "captured", 3, "--force")["first_offset"] == 3
    server.stop()


def test_what_is_removed_by_force_is_not_called_damaged(server):
    server.stop()
    server.options = ["--roles", "accept"]
    server.spawn()
    wait_until(server.is_accepting, 30, "accept")
    for number in range(10):
        assert send(server, "POST", "/i/v0/e/", event(server, f"late {number}"),
                    {"content-type": "application/json"})[0] == 200
    server.cli("log truncate-before", "captured/0", 24, "--force")
    server.stop()
    server.options = ()
    server.start()
    server.wait_drained()
    fates = server.status()["fates"]
    assert fates["dropped:removed_from_log"] == 4 and "dropped:damaged_in_log" not in fates
    assert int(server.value("SELECT count() FROM events")) == 26
    letter = json.loads(server.cli("log dump", "dead_letters", "--json").stdout.splitlines()[0])
    assert letter["headers"]["dlq_reason"] == "removed_from_log"
    assert "truncate-before" in letter["headers"]["dlq_error"]


def test_bench_measures_and_leaves_nothing_behind(server):
    figures = {figure["name"]: figure for figure in log(server, "bench", "--seconds", 1)["figures"]}
    append = figures["append, 4 producers, 1 KiB records, sync = always"]
    assert append["value"] > 0 and append["at_least"] == 0.7
    for share in ("p50", "p99"):
        wake = figures[f"a tailing reader has a durable record, {share}"]
        assert wake["value"] > 0 and wake["at_most"] == 5000 and wake["unit"] == "us"
    assert figures["a log of 50 GB opens after a crash"]["value"] > 0
    assert not (pathlib.Path(server.data) / "log-bench").exists()
