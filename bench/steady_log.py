"""A log that has reached what it may keep, as after some days.

It uses the files of its oldest segments again instead of filling new ones with zeros, so it is what
can be compared with a yardstick that wrote its file before the clock started.
"""

import contextlib

import capture_pairs
from servers import Millrace

STEADY = ("--log.retention", "captured=128MiB", "--log.retention_override", "on")
# Writes several times what is kept.
FILL_SECONDS = 3


@contextlib.contextmanager
def steady_millrace(folder):
    """`serve --roles accept` on such a log."""
    with Millrace(folder / "millrace", roles="accept", settings=STEADY) as server:
        capture_pairs.measure(server, "batch", FILL_SECONDS)
        yield server
