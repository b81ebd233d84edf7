"""Quotas and restrictions: set by commands, in force within seconds, counted and told."""

import json
import uuid

import pytest

from millrace import CommandFailed, sql_text, wait_until
from test_http import event, send

IN_FORCE_SECONDS = 5


def rows_of(server, unique):
    return server.query("SELECT event, person_mode FROM events WHERE "
                        f"distinct_id = {sql_text(unique)} ORDER BY event")


def refused(server, reason):
    return server.status()["refused"].get(reason, 0)


def test_a_restriction_takes_effect_without_a_restart_and_so_does_its_removal(make_millrace,
                                                                              unique):
    server = make_millrace().start()
    added = json.loads(server.cli("restriction add", "drop", "--event", "noise", "--json").stdout)

    def is_dropped():
        before = refused(server, "restricted")
        assert send(server, "POST", "/e/", event(server, unique, "noise"))[0] == 200
        return refused(server, "restricted") > before
    wait_until(is_dropped, IN_FORCE_SECONDS, "the restriction in force")
    listed = json.loads(server.cli("restriction list", "--json").stdout)["restrictions"]
    assert listed == [added]
    assert "noise" in server.cli("restriction list").stdout
    server.cli("restriction remove", str(added["id"]))
    wait_until(lambda: not is_dropped(), IN_FORCE_SECONDS, "the restriction lifted")
    server.wait_drained()
    assert any(row["event"] == "noise" for row in rows_of(server, unique))
    told = [one for one in server.status()["refused_of_projects"]
            if one["reason"] == "restricted"]
    assert [one["project"] for one in told] == [1]
    assert "restricted" in server.cli("status").stdout


def test_restricted_events_go_where_the_rule_says(make_millrace, unique):
    server = make_millrace().start()
    for action, name in (("dead_letter", "odd"), ("skip_person", "bot"), ("overflow", "crowd")):
        server.cli("restriction add", action, "--event", name)
    # A restart reads them too.
    server.stop()
    server.start()
    for name in ("odd", "bot", "crowd", "seen"):
        assert send(server, "POST", "/e/", event(server, unique, name))[0] == 200
    server.wait_drained()
    assert [(row["event"], row["person_mode"]) for row in rows_of(server, unique)] == [
        ("bot", "propertyless"), ("crowd", "propertyless"), ("seen", "full")]
    assert server.status()["fates"]["dead_lettered:restricted"] == 1
    sources = server.query("SELECT event, _source_topic FROM events WHERE event = 'crowd'")
    assert sources[0]["_source_topic"] == "captured.overflow"


def v1(server, names):
    batch = [{"event": name, "uuid": str(uuid.uuid4()), "distinct_id": "d",
              "timestamp": "2026-01-01T00:00:00Z"} for name in names]
    headers = {"Authorization": f"Bearer {server.token}", "Content-Type": "application/json",
               "PostHog-Sdk-Info": "test/1", "PostHog-Attempt": "1", "User-Agent": "test/1",
               "PostHog-Request-Id": str(uuid.uuid4()),
               "PostHog-Request-Timestamp": "2026-01-01T00:00:00Z"}
    status, headers, body = send(server, "POST", "/i/v1/analytics/events",
                                 {"created_at": "2026-01-01T00:00:00Z", "batch": batch}, headers)
    return status, headers, json.loads(body)


def test_a_quota_that_is_used_up_is_told_as_each_format_tells_it(make_millrace, unique):
    server = make_millrace().start()
    server.cli("quota set", "events", "3")
    # Used by events from before the limit, too.
    for _ in range(2):
        assert send(server, "POST", "/e/", event(server, unique))[0] == 200
    quotas = json.loads(server.cli("quota list", "--json").stdout)["quotas"]
    assert quotas == [{"project": 1, "resource": "events", "period": "month", "limit": 3,
                       "used": 2}]
    assert v1(server, ["seen"])[0] == 200
    status, _, body = send(server, "POST", "/e/", event(server, unique))
    assert (status, json.loads(body)) == (200, {"status": "Ok"})
    status, headers, body = v1(server, ["seen"])
    assert (status, body["error"]) == (402, "billing_limit_exceeded")
    assert "retry-after" not in headers
    # What counts for itself is kept beside it.
    status, _, body = v1(server, ["seen", "$exception"])
    assert (status, sorted(one["result"] for one in body["results"].values())) == \
        (200, ["drop", "ok"])
    assert refused(server, "quota_events") == 3
    server.cli("quota remove", "events")
    wait_until(lambda: v1(server, ["seen"])[0] == 200, IN_FORCE_SECONDS, "no quota any more")


def test_what_was_used_survives_a_restart_and_a_kill_forgets_little(make_millrace, unique):
    server = make_millrace().start()
    server.cli("quota set", "events", "1000", "--period", "day")

    def used():
        return json.loads(server.cli("quota list", "--json").stdout)["quotas"][0]["used"]
    for _ in range(5):
        send(server, "POST", "/e/", event(server, unique))
    assert used() == 5
    server.stop()
    server.start()
    assert used() == 5


def test_rules_that_make_no_sense_are_refused(make_millrace):
    server = make_millrace().start()
    for arguments in (("quota set", "events", "5", "--project", "9"),
                      ("quota set", "events", "-5"), ("quota set", "bananas", "5"),
                      ("quota remove", "ai"), ("restriction add", "explode"),
                      ("restriction add", "drop", "--project", "9"),
                      ("restriction remove", "77")):
        with pytest.raises(CommandFailed):
            server.cli(*arguments)
    assert json.loads(server.cli("quota list", "--json").stdout) == {"quotas": []}
    for path, body in (("/api/quotas", {"project": 1}), ("/api/restrictions", {"action": 1})):
        assert send(server, "POST", path, body)[0] == 401  # only with the admin token


def test_a_key_that_sends_more_than_its_share_overflows(make_millrace, unique):
    server = make_millrace(options=["--capture.overflow_rate", "1",
                                    "--capture.overflow_burst", "5"]).start()
    batch = {"api_key": server.token, "batch": [
        {"event": "seen", "distinct_id": unique, "uuid": str(uuid.uuid4())} for _ in range(20)]}
    assert send(server, "POST", "/batch/", batch)[0] == 200
    server.wait_drained()
    counts = server.query("SELECT _source_topic, count() AS n FROM events WHERE "
                          f"distinct_id = {sql_text(unique)} GROUP BY 1 ORDER BY 1")
    assert [(row["_source_topic"], int(row["n"])) for row in counts] == [
        ("captured", 5), ("captured.overflow", 15)]


def test_a_key_over_the_global_limit_loses_its_person(make_millrace, unique):
    server = make_millrace(options=["--capture.global_limit", "5",
                                    "--capture.global_window", "1h"]).start()
    batch = {"api_key": server.token, "batch": [
        {"event": "seen", "distinct_id": unique, "uuid": str(uuid.uuid4()),
         "properties": {"$set": {"n": n}}} for n in range(20)]}
    assert send(server, "POST", "/batch/", batch)[0] == 200
    server.wait_drained()
    counts = server.query("SELECT _source_topic, person_mode, count() AS n FROM events WHERE "
                          f"distinct_id = {sql_text(unique)} GROUP BY 1, 2 ORDER BY 1")
    assert [(row["_source_topic"], row["person_mode"], int(row["n"])) for row in counts] == [
        ("captured", "full", 5), ("captured.overflow", "propertyless", 15)]
    counted = send(server, "GET", "/metrics")[2]
    assert ('millrace_capture_events_rerouted_total{project="1",reason="global_limit"} 15'
            in counted)
