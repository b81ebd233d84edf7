"""Runs one of the programs on client libraries that tools/e2e.sh builds."""

import pathlib

import pytest

from millrace import ROOT
from node_client import run_client

BUILT = ROOT / "build/e2e"


def run_built(program, millrace, unique, **options):
    """Runs a built program, `go/posthog` say; returns the JSON object it prints as its last line.

    Where no fitting toolchain is, tools/e2e.sh leaves its reason in a file instead, and the test is
    skipped with that.
    """
    reason = BUILT / f"{pathlib.Path(program).parent}.skipped"
    if reason.exists():
        pytest.skip(reason.read_text(encoding="utf-8").strip())
    return run_client([str(BUILT / program)], millrace, unique, **options)
