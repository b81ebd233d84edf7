"""Reads `strace -f -ttt` output of system calls, joining calls that were interrupted."""

import dataclasses
import re

LINE = re.compile(r"^(?P<pid>\d+)\s+(?P<at>\d+\.\d+)\s+(?P<rest>.*)$")
RESUMED = re.compile(r"^<\.\.\. (?P<name>\w+) resumed>(?P<rest>.*)$")
CALL = re.compile(r"^(?P<name>\w+)\((?P<arguments>.*)\)\s+= (?P<result>-?\d+|\?).*$", re.DOTALL)


@dataclasses.dataclass
class Call:
    """One finished system call: `started` and `ended` are positions in the log."""

    pid: int
    name: str
    arguments: str
    result: int
    started: int
    ended: int

    @property
    def fd(self):
        first = self.arguments.split(",")[0].split("<")[0].strip()
        return int(first) if first.lstrip("-").isdigit() else None


def read_calls(lines):
    """The finished calls of a log, in order of their end."""
    unfinished = {}
    calls = []
    for position, line in enumerate(lines):
        match = LINE.match(line)
        if not match:
            continue
        pid, rest = int(match["pid"]), match["rest"]
        started = position
        resumed = RESUMED.match(rest)
        if resumed:
            if pid not in unfinished:
                continue
            started, head = unfinished.pop(pid)
            rest = head + resumed["rest"]
        elif rest.endswith("<unfinished ...>"):
            unfinished[pid] = (position, rest[:-len("<unfinished ...>")].rstrip())
            continue
        call = CALL.match(rest)
        if call and call["result"] != "?":
            calls.append(Call(pid, call["name"], call["arguments"], int(call["result"]), started,
                              position))
    return calls
