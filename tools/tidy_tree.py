"""What the checks of tidy look at: the repository's text files, and the findings they make."""

import pathlib
import re
import subprocess

# Folders that hold nothing of ours, for a tree that is not in git.
SKIPPED_FOLDERS = {".git", "build", "data", "node_modules", "__pycache__", ".venv"}
TEXT_SUFFIXES = {".h", ".cc", ".py", ".md", ".txt", ".cmake", ".sh", ".json", ".toml", ".cjs"}
TEXT_NAMES = {"Makefile", "run", ".clang-format", ".clang-tidy"}
CASE_SUFFIXES = ("_test.cc", "_bench.cc", "_fuzz.cc", "_sim.h", "_sim.cc", "_simulate.cc")


class Tree:
    """The files of a repository as {path with '/': text}, and every path, text or not."""

    def __init__(self, texts, paths=None):
        self.texts = texts
        self.paths = set(paths) if paths is not None else set(texts)
        self._code = {}

    @staticmethod
    def read(root):
        paths = list_files(root)
        texts = {}
        for path in paths:
            name = pathlib.PurePosixPath(path)
            if name.suffix in TEXT_SUFFIXES or name.name in TEXT_NAMES:
                texts[path] = (root / path).read_text(encoding="utf-8", errors="replace")
        return Tree(texts, paths)

    def files(self, *suffixes, under=""):
        """The text files that end like this, in order of path."""
        return sorted(p for p in self.texts if p.startswith(under) and p.endswith(suffixes))

    def lines(self, path):
        return self.texts[path].splitlines()

    def code(self, path):
        """A C++ file with comments and the insides of literals blanked; lines stay in place."""
        if path not in self._code:
            self._code[path] = strip_cpp(self.texts[path])
        return self._code[path]

    def source_folders(self):
        """The folders of src/."""
        return sorted({p.split("/")[1] for p in self.paths if p.startswith("src/")
                       and p.count("/") >= 2})

    def folders(self):
        return sorted({str(parent) for path in self.paths
                       for parent in pathlib.PurePosixPath(path).parents if str(parent) != "."})

    def exists(self, path):
        return path in self.paths or any(p.startswith(path.rstrip("/") + "/") for p in self.paths)


class Report:
    """Findings, warnings, and the exceptions of the allow-list with who used them."""

    def __init__(self, allowed=None):
        self.findings = []
        self.warnings = []
        self.allowed = allowed or {}
        self.used = set()

    def add(self, check, path, message, line=0):
        if (check, path) in self.allowed:
            self.used.add((check, path))
            return
        place = f"{path}:{line}" if line else path
        self.findings.append(f"{place}: {check}: {message}")

    def warn(self, check, path, message):
        self.warnings.append(f"{path}: {check}: {message}")


def list_files(root):
    """The tracked and the new files of a git work tree, else all files below the folder."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others"]
    try:
        listed = subprocess.run([*command, "--exclude-standard"], capture_output=True,
                                check=True).stdout.decode()
        names = [name for name in listed.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        names = [p.relative_to(root).as_posix() for p in root.rglob("*")
                 if not SKIPPED_FOLDERS.intersection(p.relative_to(root).parts)]
    return sorted({name for name in names if (root / name).is_file()})


CPP_TOKEN = re.compile(
    r'//[^\n]*'                                       # a comment to the end of the line
    r'|/\*.*?\*/'                                     # a comment over lines
    r'|(?:u8|[uUL])?R"(?P<mark>[^()\s\\]{0,16})\(.*?\)(?P=mark)"'  # a raw text
    r'|"(?:\\.|[^"\\\n])*"'                           # a text
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'",          # a character (not a digit separator)
    re.DOTALL)


def strip_cpp(text):
    def blank(match):
        token = match.group(0)
        inside = re.sub(r"[^\n]", " ", token)
        if token.startswith("/"):
            return inside
        # Quotes stay, so that `#include "x.h"` and empty texts keep their look.
        return '"' + inside[1:-1] + '"' if '"' in token else "'" + inside[1:-1] + "'"

    return CPP_TOKEN.sub(blank, text)


def is_case(path):
    """A C++ file that only tests, benchmarks, fuzzers or simulations contain."""
    return path.endswith(CASE_SUFFIXES) or path.endswith("/test_support.h")


def parse_layers(text):
    """tools/layers.txt as {folder: set of folders, or None for 'all'}."""
    layers = {}
    for line in text.splitlines():
        line = line.split("#")[0].strip()
        if line:
            folder, _, allowed = line.partition(":")
            names = allowed.split()
            layers[folder.strip()] = None if names == ["*"] else set(names)
    return layers


def parse_allowed(text, report):
    """tools/tidy_allow.txt: `check path: reason`, one exception a line."""
    allowed = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        place, colon, reason = line.partition(": ")
        words = place.split()
        if len(words) != 2 or not colon or len(reason.split()) < 3:
            report.add("allow", "tools/tidy_allow.txt", "write `check path: reason`", number)
        else:
            allowed[words[0], words[1]] = reason
    return allowed
