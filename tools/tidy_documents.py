"""The checks of tidy on documents, Python files and marks that should not stay."""

import ast
import posixpath
import re

from tidy_cpp import FUNCTION_LINES_MAX
from tidy_tree import strip_cpp

LEFTOVER = re.compile(r"\b(?:TODO|FIXME|XXX|HACK|WIP)\b")
MACHINE_PATH = re.compile(r"(?<![\w.~$}])/(?:home|root|Users)/\w+")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
NAMED_PATH = re.compile(r"`((?:src|docs|tools|tests|bench|cmake|changes)/[\w./-]+)`")
# `tests/fuzz/PROGRAM/`, `docs/decisions/NNNN-title.md`
PLACEHOLDER = re.compile(r"/(?:PROGRAM|NAME|NNNN|TOPIC|STEP)\b")
# Where a test's name may be: GoogleTest cases and pytest functions.
CPP_CASE = re.compile(r"\bTEST(?:_F|_P)?\(\s*(\w+)\s*,\s*(\w+)\s*\)")
PYTHON_CASE = re.compile(r"^def (test_\w+)\(", re.MULTILINE)
DURABILITY = "docs/DURABILITY.md"
OPERATING = "docs/OPERATING.md"
SETTING = re.compile(r'SettingDefinition\{\s*"([\w.]+)",\s*SettingKind::\w+,\s*"([^"]*)"')
# The tidy files themselves have to write down what they look for.
OWN_FILES = ("tools/tidy",)


def check_leftovers(tree, report):
    """No marks of unfinished work, no path of one developer's machine."""
    for path in tree.files(".h", ".cc", ".py", ".md", ".sh", ".cmake", ".cjs", "CMakeLists.txt"):
        if path.startswith(OWN_FILES):
            continue
        for number, line in enumerate(tree.lines(path), 1):
            if LEFTOVER.search(line):
                report.add("leftover", path, f"`{LEFTOVER.search(line).group(0)}`: do it, or file "
                           "an issue", number)
            if MACHINE_PATH.search(line):
                report.add("machine_path", path, "names a folder of one machine", number)


def check_markdown(tree, report):
    """One title a document, and what it points to exists."""
    for path in tree.files(".md"):
        text = outside_code_blocks(tree.texts[path])
        titles = [line for line in text.splitlines() if re.match(r"# \S", line)]
        if len(titles) != 1 and not is_fragment(path):
            report.add("one_title", path, f"{len(titles)} lines begin with `# `; one is the title")
        folder = posixpath.dirname(path)
        for match in LINK.finditer(text):
            target = match.group(1).split("#")[0]
            if not target or re.match(r"[a-z]+:", target):
                continue
            if not tree.exists(posixpath.normpath(posixpath.join(folder, target))):
                report.add("dead_link", path, f"({match.group(1)}) leads nowhere",
                           text.count("\n", 0, match.start()) + 1)
        for match in NAMED_PATH.finditer(text):
            if not PLACEHOLDER.search(match.group(1)) and not tree.exists(match.group(1)):
                report.add("dead_path", path, f"`{match.group(1)}` does not exist",
                           text.count("\n", 0, match.start()) + 1)


def is_fragment(path):
    """Entries of the changelog are sentences without a title."""
    return path.startswith("changes/") and path != "changes/README.md"


def outside_code_blocks(text):
    """The text with fenced blocks blanked; lines stay in place."""
    return re.sub(r"^```.*?^```", lambda m: re.sub(r"[^\n]", " ", m.group(0)), text,
                  flags=re.DOTALL | re.MULTILINE)


def test_names(tree):
    """Every test as documents name it: `Suite.case`, or `file.py::test_name`."""
    names = set()
    for path in tree.files("_test.cc"):
        for suite, case in CPP_CASE.findall(strip_cpp(tree.texts[path])):
            names.add(f"{suite}.{case}")
    for path in tree.files(".py", under="tests/"):
        for case in PYTHON_CASE.findall(tree.texts[path]):
            names.add(f"{posixpath.basename(path)}::{case}")
    return names


def check_durability(tree, report):
    """Each promise names a test that exists."""
    if DURABILITY not in tree.texts:
        return
    names = test_names(tree)
    promised = 0
    for number, line in enumerate(tree.lines(DURABILITY), 1):
        if re.match(r"#+ not (?:yet )?proven", line, re.IGNORECASE):
            break
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|") or len(cells) < 2 or re.fullmatch(r":?-+:?", cells[0]):
            continue
        if cells[-1].lower().startswith(("test", "proven by")):
            continue
        promised += 1
        tests = re.findall(r"`([^`]+)`", cells[-1])
        if not tests:
            report.add("durability", DURABILITY, "the last column names no test", number)
        for test in tests:
            if test not in names:
                report.add("durability", DURABILITY, f"no test is called `{test}`", number)
    if not promised:
        report.add("durability", DURABILITY, "no row promises anything")


def check_settings(tree, report):
    """docs/OPERATING.md has one row for each setting, with its default, and for each metric."""
    if OPERATING not in tree.texts:
        return
    text = tree.texts[OPERATING]
    rows = dict(re.findall(r"^\| `([\w.]+)` \| `?([^|`]*)`? *\|", text, re.MULTILINE))
    source = re.sub(r"\s+", " ", tree.texts.get("src/main/settings.cc", ""))
    for key, default in SETTING.findall(source):
        if key not in rows:
            report.add("settings", OPERATING, f"add a row: | `{key}` | `{default}` | … |")
        elif rows[key].strip() != default:
            report.add("settings", OPERATING, f"the default of `{key}` is \"{default}\"")
    for path in tree.files(".cc", ".h", under="src/"):
        if path.endswith("_test.cc") or path.startswith("src/telemetry/"):
            continue
        for metric in re.findall(r'"(millrace_[a-z0-9_]+)"', tree.texts[path]):
            if f"`{metric}`" not in text and "`" + metric + "{" not in text:
                report.add("metrics", path, f"add `{metric}` to {OPERATING}")


def check_python(tree, report):
    """Python parses, keeps functions short, and waits for conditions rather than sleeping."""
    for path in tree.files(".py"):
        try:
            parsed = ast.parse(tree.texts[path])
        except SyntaxError as error:
            report.add("python", path, str(error))
            continue
        for node in ast.walk(parsed):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                length = node.end_lineno - node.lineno + 1
                if length > FUNCTION_LINES_MAX:
                    report.add("function_size", path, f"{node.name} has {length} lines, at most "
                               f"{FUNCTION_LINES_MAX}", node.lineno)
                if node.name != "wait_until":
                    report_sleeps(node, path, report)


def report_sleeps(function, path, report):
    for node in ast.walk(function):
        called = node.func if isinstance(node, ast.Call) else None
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        if name == "sleep":
            report.add("sleep", path, f"{function.name} sleeps; use wait_until", node.lineno)


CHECKS = [check_leftovers, check_markdown, check_durability, check_settings, check_python]
