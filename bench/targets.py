"""What capture has to reach: each figure's bound and aim, and the table that judges a run."""

from results import short

# figure: unit, whether more is better, must, aim; None where nothing is asked for
TARGETS = {
    "batch gzip, events/s of ceiling's": ("x", True, 0.45, 0.65),
    "batch gzip, CPU of ceiling's": ("x", False, 2.2, 1.6),
    "batch, events/s of ceiling's": ("x", True, 0.35, 0.5),
    "batch, CPU of ceiling's": ("x", False, 2.8, 2.0),
    "single, events/s of ceiling's": ("x", True, 0.65, 0.85),
    "single, CPU of ceiling's": ("x", False, 1.6, 1.3),
    "1500 single/s, p50 of ceiling's": ("x", False, 2.0, 1.4),
    "1500 single/s, p99 of ceiling's": ("x", False, 2.5, 1.6),
    "batch gzip, events/s of posthog's": ("x", True, 10, 16),
    "batch gzip, CPU of posthog's": ("x", False, 1 / 14, 1 / 20),
    "batch gzip, events/s of rudderstack's": ("x", True, 14, 20),
    "batch gzip, CPU of rudderstack's": ("x", False, None, None),
    "single, events/s of rudderstack's": ("x", True, 17, 22),
    "single, CPU of rudderstack's": ("x", False, None, None),
    "batch gzip, events/s of jitsu's": ("x", True, None, None),
    "batch gzip, CPU of jitsu's": ("x", False, None, None),
    "single, events/s of jitsu's": ("x", True, None, None),
    "single, CPU of jitsu's": ("x", False, None, None),
    "50000 single/s for 60 s, p99": ("ms", False, 8, 5),
    "50000 single/s for 60 s, never sent": ("", False, 0, 0),
    "system calls of a single event": ("", False, 4, 2.3),
    "system calls of a batched event": ("", False, 0.06, 0.03),
    "written for an event, batch": ("KB", False, 1.15, 1.05),
    "written for an event, batch gzip": ("KB", False, 0.4, 0.2),
    "memory of accept, idle": ("MiB", False, 20, 9),
    "memory of accept, 64 requests of 100 KB": ("MiB", False, 96, 48),
    "memory of accept, 10000 idle connections": ("MiB", False, 200, 100),
    "start to ready, empty log": ("ms", False, 100, 40),
}
TITLES = ["figure", "", "found", "must", "aim", "unit"]


class Missing:
    """In place of a figure that cannot be measured here: why."""

    def __init__(self, why):
        self.why = why


def figures_of(server):
    """The names of the figures that compare with a server."""
    return [name for name in TARGETS if name.endswith(f" of {server}'s")]


def verdict(value, more, must, aim):
    if isinstance(value, Missing):
        return "missing"
    if must is None:
        return ""

    def reaches(bound):
        return value >= bound if more else value <= bound
    return "aim" if reaches(aim) else "must" if reaches(must) else "MISSED"


def judge(figures):
    """The lines of the table for the figures that were measured, and how many were missed."""
    lines, missed = [TITLES], 0
    for name, (unit, more, must, aim) in TARGETS.items():
        if name not in figures:
            continue
        value = figures[name]
        found = verdict(value, more, must, aim)
        missed += found == "MISSED"
        bounds = [bound(more, must), bound(more, aim)]
        text = "" if found == "missing" else short(float(value))
        lines.append([name, found, text, *bounds, unit])
    return lines, missed


def bound(more, value):
    if value is None:
        return ""
    return f"{'>=' if more else '<='} {short(float(value))}"


def as_rows(figures):
    """The same for programs."""
    return [as_row(name, value, *TARGETS[name]) for name, value in figures.items()]


def as_row(name, value, unit, more, must, aim):
    row = {"figure": name, "unit": unit, "must": must, "aim": aim,
           "verdict": verdict(value, more, must, aim)}
    if isinstance(value, Missing):
        return row | {"found": None, "why": value.why}
    return row | {"found": round(value, 4)}
