"""Where results go: raw lines, one line a shape in history.csv, and the table that is printed."""

import csv
import json
import os
import pathlib
import subprocess
import time

from servers import ROOT

COLUMNS = ["date", "commit", "machine", "shape", "pairs", "events_per_second", "p50_ms", "p99_ms",
           "p999_ms", "cpu_s_per_million_events", "pss_mib", "rss_mib", "wire_bytes_per_event",
           "nginx_events_per_second", "nginx_p99_ms", "nginx_cpu_s_per_million_events",
           "ratio_events", "ratio_cpu", "others_cores"]


def machine():
    """The processor's name, its cores and the kernel."""
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return f"{os.cpu_count()}x {models[0]}, Linux {os.uname().release.split('-')[0]}"


def commit():
    """The commit that is measured; a + says that there are changes beside it."""
    def git(*words):
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True).stdout
    changed = any(not line.endswith((".csv", ".jsonl"))
                  for line in git("status", "--porcelain", "--untracked-files=no").splitlines())
    return git("rev-parse", "--short=10", "HEAD").strip() + ("+" if changed else "")


def short(value):
    """A figure with as many digits as it deserves."""
    if not isinstance(value, float):
        return value
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"


class Results:
    """Keeps what one bench run finds."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.date = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self.stamp = {"date": self.date, "commit": commit(), "machine": machine()}
        self.raw_path = self.folder / f"raw-{self.date[:10]}.jsonl"
        self.history_path = self.folder / "history.csv"

    def keep(self, line):
        with open(self.raw_path, "a", encoding="utf-8") as raw:
            raw.write(json.dumps({**self.stamp, **line}, separators=(",", ":")) + "\n")

    def add_history(self, row):
        new = not self.history_path.exists()
        with open(self.history_path, "a", encoding="utf-8", newline="") as history:
            writer = csv.DictWriter(history, COLUMNS, lineterminator="\n")
            if new:
                writer.writeheader()
            writer.writerow({**self.stamp, **{key: short(value) for key, value in row.items()}})

    def add_capture(self, row):
        self.add_history({
            "shape": row["shape"], "pairs": row["pairs"],
            "events_per_second": row["millrace_events_per_second"],
            **{f"{rank}_ms": row[f"millrace_{rank}_ms"] for rank in ("p50", "p99", "p999")},
            "cpu_s_per_million_events": row["millrace_cpu_s_per_million"],
            "pss_mib": row["millrace_pss_mib"], "rss_mib": row["millrace_rss_mib"],
            "wire_bytes_per_event": row["wire_bytes_per_event"],
            "nginx_events_per_second": row["nginx_events_per_second"],
            "nginx_p99_ms": row["nginx_p99_ms"],
            "nginx_cpu_s_per_million_events": row["nginx_cpu_s_per_million"],
            "ratio_events": row["ratio_events"], "ratio_cpu": row["ratio_cpu"],
            "others_cores": row["others_cores"]})

    def add_visible(self, found):
        self.keep(found)
        self.add_history({"shape": found["shape"], "p50_ms": found["visible_ms"]["p50"],
                          "events_per_second": found["events_per_second"],
                          "p99_ms": found["visible_ms"]["p99"],
                          "others_cores": found["others_cores"]})

    def add_whole_path(self, found):
        self.keep(found)
        self.add_history({"shape": found["shape"],
                          "events_per_second": found["stored_events_per_second"],
                          "cpu_s_per_million_events": found["cpu_us_per_event_total"],
                          "others_cores": found["others_cores"]})


CAPTURE_TITLES = ["capture", "", "events/s", "p50 ms", "p99 ms", "p99.9 ms", "CPU s/M", "PSS MiB",
                  "cores", "events/s ratio", "CPU ratio"]


def capture_lines(row):
    """The two lines of the table for one shape."""
    lines = []
    for name in ("millrace", "nginx"):
        ours = name == "millrace"
        lines.append([row["shape"] if ours else "", name,
                      *(short(float(row[f"{name}_{key}"])) for key in
                        ("events_per_second", "p50_ms", "p99_ms", "p999_ms", "cpu_s_per_million",
                         "pss_mib", "cores")),
                      short(row["ratio_events"]) if ours else "",
                      short(row["ratio_cpu"]) if ours else ""])
    return lines


def print_table(lines):
    """Prints rows of texts as a table; the first two columns are words."""
    lines = [[str(cell) for cell in line] for line in lines]
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    for line in lines:
        cells = [cell.ljust(width) if i < 2 else cell.rjust(width)
                 for i, (cell, width) in enumerate(zip(line, widths))]
        print("  ".join(cells).rstrip())
