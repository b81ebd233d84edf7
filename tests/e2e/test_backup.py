"""A backup taken under load holds every event that was answered before it began, once."""

import json
import threading
import uuid

import pytest

from millrace import CommandFailed, Millrace, run_cli
from test_http import send

BEFORE = 3000
BATCH = 50


def batch_of(token, numbers):
    return {"api_key": token, "batch": [
        {"event": "seen", "distinct_id": f"user {number % 40}",
         "uuid": str(uuid.uuid5(uuid.NAMESPACE_OID, f"backup {number}")),
         "properties": {"number": number}} for number in numbers]}


def accept(server, first, last):
    for at in range(first, last, BATCH):
        status, _, body = send(server, "POST", "/batch",
                               batch_of(server.token, range(at, min(at + BATCH, last))),
                               {"content-type": "application/json"})
        assert status == 200, body


class Load:
    """Sends on in the background until it is told to stop."""

    def __init__(self, server, first):
        self.server, self.next, self.stopping = server, first, threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.stopping.is_set():
            accept(self.server, self.next, self.next + BATCH)
            self.next += BATCH

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join()


def restored_from(backup, folder, server):
    run_cli("restore", backup, "--data", folder)
    return Millrace(folder, token=server.token)


def counted(server):
    row = server.query("SELECT count() AS events, uniqExact(uuid) AS uuids,"
                       f" countIf(JSONExtractInt(properties, 'number') < {BEFORE}) AS before,"
                       " uniqExact(person_id) AS persons FROM events")[0]
    return {name: int(value) for name, value in row.items()}


def persons_of(server):
    return {row["id"] for row in
            server.query("SELECT DISTINCT toString(person_id) AS id FROM events")}


def test_a_backup_under_load_is_consistent_and_goes_on(make_millrace, tmp_path):
    server = make_millrace().start()
    accept(server, 0, BEFORE)
    with Load(server, BEFORE) as load:
        answer = json.loads(server.cli("backup", tmp_path / "backup", "--json").stdout)
    assert answer["damaged"] == 0 and answer["files"] > 10
    assert load.next > BEFORE, "nothing was sent while the backup was made"
    server.wait_drained()
    persons = persons_of(server)
    consumers = json.loads(server.cli("log list", "--json").stdout)["partitions"]
    assert "backup" not in {one["name"] for part in consumers for one in part["consumers"]}
    server.stop()

    other = restored_from(tmp_path / "backup", tmp_path / "restored", server)
    try:
        other.start()
        other.wait_drained()
        found = counted(other)
        assert found["before"] == BEFORE
        assert found["events"] == found["uuids"] >= BEFORE
        assert persons_of(other) == persons
        # What clients send again after the restore is stored once.
        accept(other, BEFORE - 200, load.next)
        other.wait_drained()
        found = counted(other)
        assert found["events"] == found["uuids"] == load.next
        other.cli("log verify")
    finally:
        other.stop()


@pytest.fixture(scope="module")
def backup(tmp_path_factory):
    """A backup of a stopped server, and the server."""
    folder = tmp_path_factory.mktemp("backups")
    server = Millrace(folder / "data").start()
    accept(server, 0, 100)
    server.wait_drained()
    server.stop()
    run_cli("backup", folder / "backup", "--data", server.data)
    return folder / "backup", server


def refused(*arguments):
    with pytest.raises(CommandFailed) as failure:
        run_cli(*arguments)
    return failure.value.errors


def test_a_stopped_server_is_backed_up_too(backup, tmp_path):
    folder, server = backup
    assert (folder / "ENGINE").read_text() == "embedded\n"
    other = restored_from(folder, tmp_path / "restored", server)
    try:
        assert counted(other.start())["events"] == 100
    finally:
        other.stop()


def test_a_damaged_backup_is_refused_by_name(backup, tmp_path):
    folder, _ = backup
    segment = sorted(folder.glob("log/captured/0/*.log"))[0]
    whole = segment.read_bytes()
    segment.write_bytes(whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:])
    try:
        said = refused("restore", folder, "--data", tmp_path / "restored")
    finally:
        segment.write_bytes(whole)
    assert str(segment) in said
    assert not (tmp_path / "restored").exists()


def test_an_unfinished_a_newer_and_no_backup_are_refused(backup, tmp_path):
    folder, _ = backup
    description = folder / "backup.json"
    whole = description.read_bytes()
    try:
        description.write_bytes(whole[:-30])
        assert "damaged or incomplete" in refused("restore", folder, "--data", tmp_path / "a")
        description.write_bytes(whole.replace(b'"version":1', b'"version":9'))
        assert "newer" in refused("restore", folder, "--data", tmp_path / "a")
        description.unlink()
        assert "not finished" in refused("restore", folder, "--data", tmp_path / "a")
    finally:
        description.write_bytes(whole)


def test_a_lost_segment_is_a_damage_that_the_backup_names(backup, tmp_path):
    folder, server = backup
    other = restored_from(folder, tmp_path / "restored", server)
    lost = sorted((tmp_path / "restored").glob("log/captured/0/*.log"))[0]
    lost.unlink()
    done = run_cli("backup", tmp_path / "again", "--data", other.data, "--json")
    assert str(lost) in done.stderr and json.loads(done.stdout)["damaged"] == 1


def test_places_that_are_in_use_are_refused(backup, tmp_path):
    folder, server = backup
    assert "not empty" in refused("restore", folder, "--data", server.data)
    assert "not empty" in refused("backup", folder, "--data", server.data)
    assert "outside" in refused("backup", server.data / "inside", "--data", server.data)
    assert "no data directory" in refused("backup", tmp_path / "b", "--data", tmp_path / "nowhere")


def test_a_state_that_does_not_fit_what_was_loaded_is_not_backed_up(make_millrace, tmp_path):
    server = make_millrace().start()
    accept(server, 0, BATCH)
    server.wait_drained()
    server.stop()
    server.cli("backup", tmp_path / "good")
    for file in server.data.glob("state.db*"):
        file.unlink()
    with pytest.raises(CommandFailed) as failure:
        server.cli("backup", tmp_path / "bad")
    assert "state.db" in failure.value.errors and "rows of events" in failure.value.errors
    assert not (tmp_path / "bad" / "backup.json").exists()
