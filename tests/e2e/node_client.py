"""Runs one of the Node programs beside this file on a client library."""

import json
import os
import pathlib
import subprocess

HERE = pathlib.Path(__file__).resolve().parent / "node"


def run_node(program, millrace, unique, **options):
    """Runs `node/PROGRAM`; returns the JSON object it prints as its last line."""
    command = [os.environ.get("E2E_NODE", "node"), str(HERE / program)]
    return run_client(command, millrace, unique, **options)


def run_client(command, millrace, unique, **options):
    """The same with any program."""
    settings = {"host": millrace.url, "token": millrace.token, "unique": unique, **options}
    done = subprocess.run([*command, json.dumps(settings)], capture_output=True, text=True,
                          timeout=120, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"{command[-1]} ended with {done.returncode}\n{done.stderr}"
    return json.loads(done.stdout.strip().split("\n")[-1])
