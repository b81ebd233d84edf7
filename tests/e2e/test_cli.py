"""The command line: what it prints, and every refusal it promises."""

import json
import os
import re
import shutil
import socket
import stat
import subprocess
import time

import pytest

from expect import rows_of
from millrace import PROGRAM, Millrace, is_alive, run_cli, wait_until
from test_http import event, send

COMMANDS = ["serve", "query", "project", "project add", "project list", "tail", "status",
            "log", "log list", "log describe", "log dump", "log verify", "log truncate-before",
            "log bench",
            "backup", "restore",
            "hog", "hog compile", "hog check", "hog fmt", "hog disassemble"]


def refused(*arguments, env=None):
    """Runs a command that must fail quickly and returns what it says."""
    done = run_cli(*arguments, timeout=20, check=False, env=env)
    assert done.returncode not in (0, None) and done.returncode > 0, done
    said = done.stderr + done.stdout
    assert said.strip(), "a refusal says why"
    assert "terminate called" not in said and "Assertion" not in said, said
    return said


def serve_arguments(server, *more):
    return ["serve", "--data", server.data, "--listen", f"127.0.0.1:{server.port}", *more]


# Refusals of serve


def test_a_second_serve_on_the_same_data_is_refused(make_millrace):
    server = make_millrace().start()
    other = Millrace(server.data)
    said = refused(*serve_arguments(other))
    assert str(server.data) in said
    assert server.is_accepting()


def test_a_taken_port_is_refused(make_millrace):
    server = make_millrace()
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", server.port))
        holder.listen()
        said = refused(*serve_arguments(server))
    assert str(server.port) in said


def test_an_unwritable_directory_is_refused(tmp_path, make_millrace):
    folder = tmp_path / "closed"
    if os.geteuid() == 0:
        # Root writes into any directory; a file in its place is refused to root too.
        folder.write_text("a file, not a directory")
        server = make_millrace("closed/data")
    else:
        folder.mkdir(mode=0o500)
        server = make_millrace("closed/data")
    assert str(folder) in refused(*serve_arguments(server))


def test_a_directory_that_nobody_may_write_is_refused(make_millrace):
    server = make_millrace()
    server.data = "/proc/millrace-data"
    assert "/proc/millrace-data" in refused(*serve_arguments(server))


@pytest.mark.parametrize("wrong, nearest", [("--lisen", "--listen"), ("--dta", "--data"),
                                            ("--project-tokn", "--project-token")])
def test_an_unknown_flag_is_refused_with_the_nearest(make_millrace, wrong, nearest):
    server = make_millrace()
    said = refused("serve", "--data", server.data, wrong, "x")
    assert wrong in said and nearest in said


def test_an_unknown_config_key_is_refused_with_the_nearest(tmp_path, make_millrace):
    server = make_millrace()
    config = tmp_path / "millrace.toml"
    config.write_text('[ingest]\ndedup_windw = "1h"\n')
    said = refused(*serve_arguments(server, "--config", config))
    assert "ingest.dedup_windw" in said and "ingest.dedup_window" in said


def test_an_unknown_key_in_the_environment_is_refused(make_millrace):
    server = make_millrace()
    said = refused(*serve_arguments(server), env={"MILLRACE_INGEST_DEDUP_WINDW": "1h"})
    assert "MILLRACE_INGEST_DEDUP_WINDW" in said


@pytest.mark.parametrize("text", ["[ingest", "ingest = 5\n", '[ingest]\ndedup_window = "soon"\n'],
                         ids=["syntax", "type", "value"])
def test_a_broken_config_is_refused(tmp_path, make_millrace, text):
    server = make_millrace()
    config = tmp_path / "millrace.toml"
    config.write_text(text)
    assert "millrace.toml" in refused(*serve_arguments(server, "--config", config))


@pytest.mark.parametrize("flag, value, said", [
    ("--log.retention", "captrued=1d", '"captured"'),
    ("--log.segment_bytes", "1", "1MiB to 1GiB"),
    ("--log.sync", "interval=2d", "1ms to 1m"),
    ("--capture.partitions", "0", "1 to 1024"),
])
def test_values_that_would_do_something_else_are_refused(make_millrace, flag, value, said):
    server = make_millrace()
    assert said in refused(*serve_arguments(server, flag, value))
    assert not server.data.exists()


def test_an_archive_inside_of_the_log_is_refused(make_millrace):
    server = make_millrace()
    assert "log.archive" in refused(*serve_arguments(server, "--log.archive", server.data / "log"))


def test_more_reserved_space_than_there_is_is_refused(make_millrace):
    server = make_millrace()
    said = refused(*serve_arguments(server, "--log.reserved_bytes", "9000000GiB"))
    assert "log.reserved_bytes" in said and "file system" in said


def test_a_missing_config_file_is_refused(tmp_path, make_millrace):
    server = make_millrace()
    said = refused(*serve_arguments(server, "--config", tmp_path / "absent.toml"))
    assert "absent.toml" in said


@pytest.mark.parametrize("listen", ["nonsense", "127.0.0.1:99999", "127.0.0.1:"])
def test_a_bad_address_is_refused(make_millrace, listen):
    server = make_millrace()
    assert listen in refused("serve", "--data", server.data, "--listen", listen)


def test_a_missing_libchdb_is_refused(tmp_path, make_millrace):
    """The program copied away from its build folder finds no engine beside it."""
    alone = tmp_path / "bin" / "millrace"
    alone.parent.mkdir()
    shutil.copy(PROGRAM, alone)
    server = make_millrace()
    environment = {k: v for k, v in os.environ.items() if k != "LD_LIBRARY_PATH"}
    environment["MILLRACE_STORE_LIBRARY"] = str(tmp_path / "absent" / "libchdb.so")
    done = subprocess.run([alone, *map(str, serve_arguments(server))], capture_output=True,
                          text=True, timeout=20, env=environment, stdin=subprocess.DEVNULL,
                          cwd=tmp_path)
    assert done.returncode > 0
    assert "libchdb" in done.stderr + done.stdout


def test_data_of_a_newer_version_is_refused(make_millrace):
    server = make_millrace().start()
    server.stop()
    version = server.data / "VERSION"
    newer = re.sub(r"\d+", lambda number: str(int(number.group()) + 1000), version.read_text(), 1)
    version.write_text(newer)
    said = refused(*serve_arguments(server))
    assert str(server.data) in said and re.search(r"1\d\d\d", newer).group() in said


# Running and stopping


def test_serve_tells_how_to_use_it(make_millrace):
    server = make_millrace().start()
    wait_until(lambda: "curl" in server.log_path.read_text(), 10, "the snippets")
    said = server.log_path.read_text()
    assert server.url in said and server.token in said
    for word in ("posthog", "import", "curl"):
        assert word in said, word


def test_serve_makes_a_token_when_none_is_given(make_millrace):
    server = make_millrace()
    command = [PROGRAM, *map(str, serve_arguments(server))]
    server.command = lambda: command
    server.start()
    projects = server.projects()
    assert len(projects) == 1 and len(projects[0]["token"]) >= 20
    assert projects[0]["token"] in server.log_path.read_text()


def test_a_restart_keeps_what_was_stored(make_millrace, unique):
    server = make_millrace().start()
    assert send(server, "POST", "/e", event(server, unique))[0] == 200
    rows_of(server, unique, 1)
    server.stop()
    server.start()
    assert send(server, "POST", "/e", event(server, unique))[0] == 200
    rows_of(server, unique, 2)


def test_what_was_answered_before_the_end_is_there_after_it(make_millrace, unique):
    """SIGTERM right after the answers: what is not yet stored is stored by the next start."""
    server = make_millrace().start()
    for n in range(100):
        assert send(server, "POST", "/e", event(server, f"{unique}-{n}"))[0] == 200
    server.stop()
    server.start()
    rows_of(server, unique, 100)


def test_the_children_end_with_a_killed_supervisor(make_millrace, unique):
    server = make_millrace().start()
    assert send(server, "POST", "/e", event(server, unique))[0] == 200
    server.kill_all()
    server.start()
    rows_of(server, unique, 1)


@pytest.mark.parametrize("name", ["accept", "pipeline", "store"])
def test_a_killed_process_comes_back_within_a_second(make_millrace, unique, name):
    server = make_millrace().start()
    before = server.process_ids()
    os.kill(before[name], 9)
    killed = time.monotonic()
    wait_until(lambda: not is_alive(before[name]), 5, f"{name} to end")
    # While others are down capture goes on; accept's own port stays bound and queues.
    assert send(server, "POST", "/e", event(server, unique))[0] == 200

    def replaced():
        done = run_cli("status", "--data", server.data, "--json", check=False)
        if done.returncode != 0:
            return None
        return {p["name"]: p.get("pid") for p in json.loads(done.stdout)["processes"]}.get(
            name) not in (None, 0, before[name])
    wait_until(replaced, 5, f"a new {name}")
    took = time.monotonic() - killed
    assert took < 2, f"{took:.2f} s until {name} was seen again"
    rows_of(server, unique, 1)
    after = server.process_ids()
    assert {k: v for k, v in after.items() if k != name} == \
        {k: v for k, v in before.items() if k != name}


# Listings


def test_help_everywhere():
    assert "Usage" in run_cli("--help").stdout or "usage" in run_cli("--help").stdout.lower()
    for command in COMMANDS:
        said = run_cli(*command.split(), "--help").stdout
        assert "--help" in said, command
        assert f"Usage: millrace {command} " in said, command
    for command in ("query", "project list", "tail", "status"):
        assert "--data" in run_cli(*command.split(), "--help").stdout, command


def test_version():
    assert re.match(r"(millrace )?\d+\.\d+\.\d+", run_cli("--version").stdout.strip())


def test_an_unknown_command_is_refused():
    assert "quary" in refused("quary")


@pytest.mark.parametrize("command", ["query", "project list", "tail", "status"])
def test_commands_say_when_no_server_runs(tmp_path, command):
    words = {"query": ["SELECT 1"], "tail": ["captured"]}.get(command, [])
    said = refused(*command.split(), "--data", tmp_path / "nothing", *words)
    assert str(tmp_path / "nothing") in said


@pytest.mark.parametrize("command", ["query", "project list", "tail", "status"])
def test_commands_say_that_only_the_pipeline_is_down(make_millrace, command):
    words = {"query": ["SELECT 1"], "tail": ["captured"]}.get(command, [])
    role = "capture" if command == "tail" else "accept"  # two names of one
    server = make_millrace(options=["--roles", role])
    server.spawn()
    wait_until(server.is_accepting, 30, "accept")
    said = refused(*command.split(), "--data", server.data, *words)
    assert "runs at" in said and "without the pipeline" in said
    server.stop()
    server.options = ()
    server.start()
    pipeline = server.child_ids()["pipeline"]
    for ending in ("-wal", "-shm"):
        (server.data / f"state.db{ending}").unlink()
    (server.data / "state.db").write_bytes(b"no database" * 1000)
    os.kill(pipeline, 9)
    wait_until(lambda: not is_alive(pipeline), 10, "the pipeline to end")
    said = refused(*command.split(), "--data", server.data, *words)
    assert "pipeline" in said and "no Millrace runs" not in said
    said = refused(*command.split(), "--url", server.url, "--admin-token", "x", *words)
    assert "down or only starting" in said and "{" not in said
    server.kill_all()


def test_query_formats(millrace):
    sql = "SELECT number + 1 AS a, if(number = 0, 'x,y', 'z') AS b FROM numbers(2)"
    table = millrace.cli("query", sql).stdout
    assert re.search(r"\ba\b.*\bb\b", table) and "x,y" in table
    assert [int(row["a"]) for row in millrace.query(sql)] == [1, 2]
    csv = millrace.cli("query", "--format", "csv", sql).stdout.strip().splitlines()
    assert [line.replace('"', "") for line in csv] == ["a,b", "1,x,y", "2,z"]
    tsv = millrace.cli("query", "--format", "tsv", sql).stdout.strip().splitlines()
    assert tsv == ["a\tb", "1\tx,y", "2\tz"]


@pytest.mark.parametrize("sql", [
    "SELEC 1", "SELECT * FROM nothing_here", "INSERT INTO events (event) VALUES ('x')",
    "DROP TABLE events", "CREATE TABLE t (a Int8) ENGINE=Memory", "SYSTEM SHUTDOWN",
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
    "SELECT * FROM remote('127.0.0.1', system.one)",
    "SELECT * FROM executable('id', 'TSV', 'a String')",
    "SET readonly = 0", "SELECT 1 SETTINGS readonly = 0, max_memory_usage = 0",
])
def test_queries_that_are_refused(millrace, sql):
    before = millrace.process_ids()
    refused("query", "--data", millrace.data, sql)
    assert millrace.process_ids() == before
    assert int(millrace.value("SELECT 1 AS one")) == 1


@pytest.mark.parametrize("sql", [
    "SELECT sum(sleepEachRow(1)) FROM numbers(100000) SETTINGS max_block_size = 1",
    "SELECT groupArray(toString(number)) FROM numbers(3000000000)",
], ids=["time", "memory"])
def test_a_query_has_limits(millrace, sql):
    before = millrace.process_ids()
    done = run_cli("query", "--data", millrace.data, sql, timeout=120, check=False)
    assert done.returncode != 0
    assert millrace.process_ids() == before


def test_projects(make_millrace, unique):
    server = make_millrace().start()
    server.cli("project add", "second", "--token", "phc_second_project")
    made = server.cli("project add", "third").stdout
    projects = server.projects()
    by_name = {project["name"]: project for project in projects}
    assert len(projects) == 3 and by_name["second"]["token"] == "phc_second_project"
    assert by_name["third"]["token"] in made
    table = server.cli("project list").stdout
    assert "second" in table and "phc_second_project" in table

    body = {**event(server, unique), "api_key": "phc_second_project"}
    wait_until(lambda: send(server, "POST", "/e", body)[0] == 200, 10,
               "capture to know the new project")
    rows = server.wait_events(f"distinct_id = '{unique}' AND team_id != 1", 1)
    assert rows[0]["team_id"] == by_name["second"]["id"]
    assert "second" in refused("project", "add", "--data", server.data, "other", "--token",
                               "phc_second_project")


def test_tail_shows_captured_records(make_millrace, unique):
    server = make_millrace().start()
    for n in range(3):
        assert send(server, "POST", "/e", event(server, f"{unique}-{n}"))[0] == 200
    rows_of(server, unique, 3)
    lines = [json.loads(line) for line in
             server.cli("tail", "captured", "--from", "0", "--json").stdout.splitlines()]
    assert [line["offset"] for line in lines] == [0, 1, 2]
    for n, line in enumerate(lines):
        assert set(line) >= {"topic", "partition", "offset", "timestamp", "key", "headers", "value"}
        assert (line["topic"], line["partition"]) == ("captured", 0)
        assert line["key"] == f"{server.token}:{unique}-{n}"
        value = line["value"] if isinstance(line["value"], dict) else json.loads(line["value"])
        assert value["distinct_id"] == f"{unique}-{n}" and value["token"] == server.token
        assert json.loads(value["data"])["event"] == "seen"
        assert line["headers"]["distinct_id"] == f"{unique}-{n}"
    text = server.cli("tail", "captured", "--from", "1").stdout
    assert f"{unique}-1" in text and f"{unique}-0" not in text
    both = [json.loads(line)["topic"] for line in
            server.cli("tail", "*", "--from", "0", "--json").stdout.splitlines()]
    assert {"captured", "events"} <= set(both)


def test_tail_takes_a_partition_and_lists_each_topic_once(make_millrace, unique):
    server = make_millrace().start()
    assert send(server, "POST", "/e", event(server, unique))[0] == 200
    rows_of(server, unique, 1)
    assert unique in server.cli("tail", "captured/0").stdout
    assert unique in server.cli("tail", "capt*/0").stdout
    said = refused("tail", "captured/1", "--data", server.data)
    assert said.count("dead_letters") == 1 and "captured" in said


def test_tail_follows(make_millrace, unique):
    server = make_millrace().start()
    follower = subprocess.Popen(
        [PROGRAM, "tail", "captured", "--data", server.data, "--from", "0", "--follow", "--json"],
        stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
    try:
        for n in range(3):
            assert send(server, "POST", "/e", event(server, f"{unique}-{n}"))[0] == 200
            line = json.loads(follower.stdout.readline())
            assert line["offset"] == n and f"{unique}-{n}" in line["key"]
    finally:
        follower.terminate()
        follower.wait(10)


def test_status(make_millrace, unique):
    server = make_millrace().start()
    for n in range(5):
        assert send(server, "POST", "/e", event(server, f"{unique}-{n}"))[0] == 200
    rows_of(server, unique, 5)
    status = server.status()
    assert {p["name"] for p in status["processes"]} == {"accept", "pipeline", "store"}
    for process in status["processes"]:
        assert process["state"] == "running" and process["restarts"] == 0
        assert is_alive(process["pid"])
    assert server.process_ids() == server.child_ids()
    assert (status["accepted"], status["ingested"], status["stored"]) == (5, 5, 5)
    assert status["lag"] == {"ingest": 0, "load": 0}
    assert status["disk"]
    table = server.cli("status").stdout
    for word in ("accept", "pipeline", "store"):
        assert word in table


def test_the_control_socket_is_the_owners_only(millrace):
    mode = os.stat(millrace.data / "control.sock").st_mode
    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600


def others_may(path):
    return stat.S_IMODE(os.stat(path).st_mode) & 0o077


def test_what_is_kept_is_the_owners_only(make_millrace, tmp_path, unique):
    server = make_millrace().start()
    assert send(server, "POST", "/e", event(server, unique))[0] == 200
    rows_of(server, unique, 1)
    databases = [server.data / f"{name}.db{ending}" for name in ("state", "catalog")
                 for ending in ("", "-wal", "-shm")]
    assert databases[1].exists(), "state.db-wal"
    for path in filter(os.path.exists, [server.data, *server.data.iterdir(), *databases]):
        assert not others_may(path), path
    server.cli("backup", tmp_path / "backup")
    for path in [tmp_path / "backup", *(tmp_path / "backup").iterdir()]:
        assert not others_may(path), path
    # As an older version left them.
    server.stop()
    for path in filter(os.path.exists, databases):
        path.chmod(0o644)
    server.start()
    for path in filter(os.path.exists, databases):
        assert not others_may(path), path


def test_control_over_http_needs_the_admin_token(make_millrace):
    server = make_millrace().start()
    assert send(server, "GET", "/api/status")[0] == 401
    wrong = {"Authorization": "Bearer wrong"}
    assert send(server, "GET", "/api/status", headers=wrong)[0] == 401
    said = server.log_path.read_text()
    shown = [word for word in re.findall(r"[A-Za-z0-9_-]{20,}", said) if word != server.token]
    statuses = {send(server, "GET", "/api/status",
                     headers={"Authorization": f"Bearer {word}"})[0] for word in shown}
    assert 200 in statuses, "the admin token is shown at the first start"
