"""How long a start takes, on an empty data directory and again, and what memory it holds idle."""

import pathlib

from servers import Millrace, processes_by_role


def pss_mib(pid):
    """Memory of one process, shared pages counted once."""
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0


def measure(folder):
    """A first start and a second one; yields the figures."""
    figures = {"what": "start", "shape": "start"}
    for name, keep in (("first", True), ("again", False)):
        with Millrace(folder, keep=keep, fresh=name == "first") as server:
            figures[f"{name}_accepting_ms"] = round(1000 * server.accepting_seconds)
            figures[f"{name}_queryable_ms"] = round(1000 * server.queryable_seconds)
            figures["idle_pss_mib"] = {role: round(pss_mib(pid), 1) for role, pid in
                                       sorted(processes_by_role(server.child.pid).items())}
    return figures
