"""Fixtures that every test of the real program may use."""

import os
import pathlib
import shutil

import pytest

from millrace import Millrace, PROGRAM, ROOT

LONGEST_FILES = {"test_kafka_outages", "test_loss"}


def pytest_configure(config):
    if not PROGRAM.exists():
        raise pytest.UsageError(f"{PROGRAM} does not exist: run `make build` first")


def pytest_collection_modifyitems(items):
    # Begun first, so that no worker waits for one of them in the end.
    items.sort(key=lambda item: item.path.stem not in LONGEST_FILES)
    if os.environ.get("LONG_TESTS"):
        return
    for item in items:
        if "long" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="long: run with LONG_TESTS=1"))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    outcome = yield
    report = outcome.get_result()
    if report.when == "call":
        item.call_failed = report.failed
    server = item.funcargs.get("millrace") if hasattr(item, "funcargs") else None
    if report.failed and server is not None:
        report.sections.append(("server log", server.log_tail()))


@pytest.fixture(scope="session")
def millrace(tmp_path_factory):
    """One server that the tests of a session share: use ids of your own (see `unique`)."""
    server = Millrace(tmp_path_factory.mktemp("shared"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def make_millrace(tmp_path):
    """Makes servers of a test's own; what still runs at its end is stopped and checked."""
    made = []

    def make(name="data", **options):
        server = Millrace(pathlib.Path(tmp_path) / name, **options)
        made.append(server)
        return server

    yield make
    problems = []
    for server in made:
        try:
            server.stop()
        except AssertionError as problem:
            problems.append(str(problem))
    assert not problems, "\n".join(problems)


@pytest.fixture
def unique(request):
    """A text that no other test uses, to build distinct ids and event names from."""
    import uuid

    return f"{request.node.name.split('[')[0].removeprefix('test_')}-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def picture(request, tmp_path):
    """Where a browser leaves a picture of its page; kept with the results of a failure."""
    file = pathlib.Path(tmp_path) / "page.png"
    yield file
    if getattr(request.node, "call_failed", False) and file.exists():
        results = ROOT / "build/test-results"
        results.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, results / f"{request.node.name}.png")
